"""What a listing says of the home itself, by trait."""

TRAITS: dict[str, tuple[str, ...]] = {
    "quiet": (
        "It is [properly|really] quiet: [you hear the fridge|the loudest thing is the fridge], [then nothing|and rain].",
        "[Quiet house, quiet street|A quiet corner]; [we sleep with the windows open|windows can stay open at night].",
        "Thick walls, [older neighbours|people upstairs who go barefoot]: [peace is guaranteed|it stays calm even on Saturdays].",
        "[If you sleep badly elsewhere|Light sleepers], [try here|take note]: [no through road, no bar, no dog|nothing happens after ten].",
        "[Silence|Calm] is what [visitors remark on first|everyone mentions].",
        "[Recordings have been made here|A radio producer lived here], [it's that quiet|because it is so still].",
        "[No traffic to speak of|Hardly a car], [just leaves|only footsteps], [even at rush hour|day or night].",
    ),
    "bright": (
        "[Sun from breakfast to supper|The sun goes round the rooms], [plants go wild here|your plants will thank you].",
        "[Light|Daylight] [comes from two sides|pours in from the south], and [white walls|pale floors] [hand it round|pass it on].",
        "[You rarely need a lamp|Lamps stay off] before [seven|evening], [even in February|except in December].",
        "[Tall windows|Windows to the floor] [make it brighter|let in more light] than [the size suggests|you'd think from the street].",
        "The [living room|big room] gets [afternoon sun|the whole afternoon], [sit there with a book|bring a good armchair].",
        "[South-facing|Facing south and west], [bright|sunny] [right through the winter|even on short days].",
    ),
    "top_floor": (
        "[Nobody above you|No footsteps overhead], only [sky|swifts under the eaves].",
        "[Top of the house|Last floor], so you hear the rain on the roof lights, [cosy, not loud|a sound I miss already].",
        "Up under the roof [the beams show|some of the walls slope], [mind your head by the bath|measure your wardrobe].",
    ),
    "ground_floor": (
        "[Ground floor, so|On the ground floor:] not a single stair [to carry shopping up|for prams or bad knees].",
        "[Straight in from the street|You step straight in], with [frosted lower panes|shutters] for [privacy|peace].",
        "[Street level|At street level], [raised by five steps|set back behind railings], so [people don't peer in|nobody looks in].",
    ),
    "stairs": (
        "[No lift|There's no lift], [I should say|honestly]: the stairs [keep you fit|are wide and shallow].",
        "[You climb|It's a climb], [carry your crates in two goes|rest on the landing bench], [and forget it once inside|and it's worth it].",
        "[Lift: none|A lift there isn't]. [Movers curse|The movers grumbled], [tenants get good legs|the cat doesn't mind].",
    ),
    "lift": (
        "[The lift|A new lift] [takes a pram or a bike|fits a wheelchair or a sofa on its end].",
        "[Lift from the basement|Lift right up from the bike cellar], [shopping day is easy|no hauling].",
        "There's a [lift|slow but faithful lift] [to the door|on every landing].",
    ),
    "step_free": (
        "[Step-free|No steps] from [pavement to bath|the street to the shower], [doors ninety wide|wide doors throughout].",
        "[A wheelchair user lived here|My father used a wheelchair here], so [thresholds are flat|there are no sills] and [the shower is level|switches sit low].",
    ),
    "period": (
        "[The old floorboards|The pine floors] were [sanded|oiled] [last spring|by us], [the plaster roses|the cornices] [left alone|kept].",
        "[Panelled doors, brass handles|Original doors and window catches], [iron radiators|a tiled hall] and [ceilings over three metres|tall skirting boards].",
        "[It has its age|You can tell its age], in the [good sense|best way]: [shutters that close|stained glass on the landing], [nothing plastic|real wood].",
        "[Built {built}|Dating from {built}], with [thick walls|deep walls] that [keep out July|hold the heat] and [a ghost, allegedly|the odd uneven corner].",
        "[The {decade} details|Details of the {decade}] [survive|are all there]: [encaustic tiles|a coal hatch], [picture rails|a bell pull that rings nothing].",
        "[Sash windows|The sashes] have been [overhauled|re-corded] and [don't rattle any more|close tight].",
    ),
    "modern": (
        "[Built in {built}|From {built}], with [heat pump, triple glazing|underfloor heating] and [bills to match|low running costs].",
        "[Everything works|Plain, new, everything works]: [induction, ventilation, fibre|blinds, broadband, hot water].",
        "[Large panes|Big panes], [white walls|concrete ceilings], [sockets where you want them|storage to the ceiling], [no draughts|no surprises].",
        "[Well insulated|Insulated like a flask], so [we hardly heated|heating cost us little] [last winter|even in January].",
        "[Underfloor warmth|Warm floors], [a silent fan|fresh-air ventilation] and [a video bell|keyless entry].",
    ),
    "new": (
        "[First occupancy|You'd be the first to live here]: [the ovens still have stickers|it still smells of paint].",
        "[Finished this year|Just finished], [warranty on everything|snags all dealt with].",
    ),
    "renovated": (
        "[Renovated from the pipes up|It was gutted and redone] [two years ago|the winter before last]; [wiring, bath, windows|boiler, floors, kitchen] are new.",
        "[New kitchen|The kitchen is new], [new bathroom|so is the bathroom], [old floors|the old floors stayed]: [the right mix|we think that's the right way round].",
        "[Limewash on the walls|Clay paint on the walls], [cork in the kitchen|terrazzo in the bath], [done by people who care|done slowly and well].",
        "[Last year|Recently] we [replaced the windows|put in a new bathroom] and [found a fine old floor|opened up the fireplace wall].",
        "[Bathroom redone|The bath has been redone] in [sea-green|white and ochre] tiles, [the rest painted|everything painted] in [spring|May].",
    ),
    "dated": (
        "[The kitchen is from another age|Nothing fashionable here], but [it all works|everything works], and [the rent says so|that's in the price].",
        "[Avocado bathroom|The bathroom is brown], [yes|I know]. [Paint what you like|You may repaint at will], [we pay for the paint|we'll lend the rollers].",
        "[Bit worn|A little worn at the edges], [clean|but dry and clean], and [cheaper for it|priced accordingly].",
        "[The carpets are older than me|The lino has seen things]; [lift them|pull it up], [there's oak below|there are boards beneath].",
        "[Needs a hand with a brush|It could do with paint], [hence the rent|which is why it's affordable].",
    ),
    "good": (
        "[Painted between tenants|Freshly painted], [boiler serviced|the boiler looked at every autumn], [no nasty surprises|all in order].",
        "[Well kept|Kept up], not [showy|styled]: [sound windows, a decent cooker|good taps, tight windows].",
        "[Things get mended here|The owner mends things], [so it has aged well|and it shows].",
    ),
    "big_kitchen": (
        "The kitchen [is the heart|takes eight around the table], [gas hob|range cooker] [included|and all], with [a window over the sink|a larder off it].",
        "[A kitchen you can live in|Cook's kitchen]: [long worktop|two metres of worktop], [deep drawers|a proper extractor], [a bench along the wall|and room to dance].",
        "[Kitchen and dining room are one|Kitchen and table share one big room], [opened up last year|with doors to the back].",
        "[People always end up in the kitchen|Parties end in the kitchen]; [there's room|this one has a sofa in it].",
        "[The table stays|We leave the big table], [it was built in the room|it won't go through the door anyway].",
    ),
    "small_kitchen": (
        "The [galley|kitchen] is [small|a line of four units] but [has an oven|takes a full-size oven], [and I've fed ten from it|enough for real cooking].",
        "[Two rings and an oven|Kitchenette with two rings], [a deep sink|a fridge with a freezer], [shelf to the ceiling|hooks for everything].",
        "[Cooking happens|You cook] [behind a folding door|in a niche], [tidy in seconds|out of sight after].",
    ),
    "bath": (
        "[A deep bath|The bath is long and deep], [with a window beside it|set under the skylight].",
        "[Claw-foot tub|A cast-iron tub] [and a separate shower|plus walk-in shower], [hot water without end|and towel rails that work].",
        "[You can lie flat in the bath|There's a bath you can lie down in], [rare in town|which decided it for us].",
    ),
    "stove": (
        "[The wood stove|A small wood stove] [heats the lot|warms the whole place], [logs come from Upper Fold|logs stacked and dry].",
        "[An open fire|A working fireplace] in the [big|front] room, [swept each autumn|swept in September], [for the grey evenings|lit from October on].",
        "[Tiled stove in the corner|The old tiled stove works], [slow to warm, slow to cool|still warm in the morning].",
        "[Evenings by the stove|Winter evenings at the fire] [are the best of it|need no television].",
    ),
    "desk": (
        "[A built-in desk|The desk] [stands at the window|sits in the bay], [fibre at the socket|cable internet ready].",
        "[Room to work|Space for working at home]: [a nook with a door|an alcove that takes two screens], [decent chair included|and good broadband].",
        "[I've worked from here for years|We both worked from home here], [calls don't echo|the line never dropped].",
        "[One corner is made for a desk|There's a proper work corner], [morning light|light from the left].",
    ),
    "storage": (
        "[Storage|Cupboard space]: [a dry cellar room|an attic share], [a wall of wardrobes|hall cupboards to the ceiling].",
        "[Skis, crib, Christmas tree|Tents, cellos, suitcases]: [the cellar takes it|there's a lockable cellar for all that].",
        "[More cupboards than you'd think|Cupboards everywhere], [built by a boat joiner|deep ones].",
    ),
    "bikes": (
        "[Bike room|Dry bike store] [by the door|on the ground floor], [pump and stand included|with sockets for e-bikes].",
        "[Bicycles live in the yard|Your bike goes in the passage], [under a roof|locked and dry].",
        "[Cargo bike? Fits|A cargo bike fits in the hall store], [and nobody sighs|no lifting].",
    ),
    "laundry": (
        "[Washing machine|Washer and dryer] [in the flat|inside], [drying line in the attic|a line in the yard].",
        "[Laundry room in the cellar|Shared laundry in the basement], [booked on a chalkboard|one day a week is yours].",
        "[The washer stays|A washing machine is there], [three years old|quiet spin].",
    ),
    "family": (
        "[Good for children|Made for families]: [safe way to school|no main road to cross], [a playground round the corner|other kids next door].",
        "[Children next door|Kids on both sides], [swing in the tree|a sandpit somewhere close], [buggy parks in the hall|pram-friendly].",
        "[Our three grew up here|Two childhoods happened here], [the walls can take it|and the banister is polished by bottoms].",
    ),
    "sharers": (
        "[Sharers are fine|Friends sharing are welcome], [rooms are of equal size|no one gets the small room].",
        "[Two people can share|Works for sharing]: [doors close|rooms at opposite ends], [separate contracts possible|one contract, two names].",
    ),
    "piano": (
        "[The floor carries a piano|There has been a piano here], [downstairs likes Schubert|neighbours play too].",
        "[Musicians welcome|You may play music], [till nine in the evening|within reason], [walls are thick|ask about the grand].",
    ),
    "bills": (
        "[Bills included|Heating, water and internet are in the rent], [no meter reading|no surprises in March].",
        "[Rent covers heating and wifi|All-in rent], [electricity too|only your phone is extra].",
        "[Everything's in the price|The price is all-in], [down to the window cleaner|even the internet].",
    ),
    "land": (
        "[A paddock|Half a hectare] [comes with it|goes with the house], [for hens or hope|sheep mow it, if you like].",
        "[Kitchen garden|A walled vegetable patch], [raspberries along the wall|eleven fruit trees], [tools in the shed|compost going].",
        "[There's a barn|The small barn is yours], [dry, with power|for boats, benches or bands].",
    ),
    "animals": (
        "[Hens stay if you want them|The hens can stay], [so does the goose, sadly|eggs included].",
        "[Stable for two ponies|A loose box and paddock], [by arrangement|hay from next door].",
        "[The farm cat is part of the let|A farm cat comes with it], [unpaid, mouse-based|and does its job].",
    ),
    "balcony": (
        "[The balcony|A balcony] [takes two chairs and tomatoes|holds a table for two], [sun until six|sheltered from the wind].",
        "[Breakfast balcony|A small balcony] [facing east|off the kitchen], [big enough for herbs|with a hook for the hammock].",
        "[Outside|Out front] is a [deep|narrow] balcony, [ironwork, geraniums|good for evening beers].",
        "[You can sleep on the balcony|We ate on the balcony], [it's that deep|May to October].",
        "[Balcony to the back|The balcony is to the rear], [looking into green|morning sun].",
    ),
    "garden": (
        "[The garden|A garden] [has a pear tree and a bench|is small and easy], [sun till late|mower in the shed].",
        "[Garden out back|Behind the house, a garden], [lawn, shed, washing line|wild in one corner], [fenced|with a gate in the fence].",
        "[Plums, currants, rhubarb|Roses and rhubarb], [a patch for potatoes|a sunny wall], [and a place for a table|and a fire bowl].",
        "[Your own bit of garden|There's a strip of garden], [nothing fancy|forty square metres], [hedgehogs use it|gets the evening sun].",
        "[Doors open|Glass doors open] [to the garden|onto grass], [summer lives outside|half the year it's another room].",
        "[Fenced garden|A walled garden], [football-proof|safe for small ones], [old apple in the middle|raised beds ready].",
    ),
    "terrace": (
        "[There is a terrace|Outside is a paved terrace] [with a vine over it|facing south-west], [eight can eat there|made for long dinners].",
        "[Out onto the terrace|You step out to a terrace], [warm stone|boards silvered by weather], [big pots stay|pots included].",
        "[The terrace gets|A terrace catches] [the last sun|the late sun], [wind-sheltered|with a low wall to sit on].",
    ),
    "courtyard": (
        "[A small courtyard|The courtyard] [is yours|comes with it], [fern, bench, tap|whitewashed, with a fig].",
        "[Courtyard for bikes and breakfast|There's a paved yard], [shaded at noon|a sun trap by four].",
        "[Shared courtyard|The yard is shared], [long table|grill, table, lights], [neighbours use it kindly|never crowded].",
    ),
    "roof terrace": (
        "[Up a ladder stair|By a spiral stair]: [a roof terrace|the roof deck], [all of Wrenmouth around you|stars and chimney pots].",
        "[The roof terrace|A roof terrace] [is the summer room|doubles the place in summer], [water and power up there|planters included].",
        "[There is a roof terrace of your own|The roof terrace is yours alone]: [wind, yes, and views|fireworks at New Year].",
    ),
    "deck": (
        "[The deck|On deck] [holds a table, a bike and basil|has room for four chairs], [swim off the stern|lines are checked monthly].",
        "[Sun deck|The aft deck] [gets evening light|is sheltered], [ducks come begging|bring a hammock].",
    ),
    "furnished": (
        "[Furnished|It comes furnished], [simply|with good plain things]: [bring sheets and a mug|bed, table, lamps, pots].",
        "[Furniture stays|The furniture is included], [some of it Danish|nothing flat-packed], [but can go if you'd rather|ask what you don't need].",
        "[Move in with a suitcase|One suitcase is enough], [everything's here|even spoons].",
        "[Bed, desk, shelves|Sofa, beds, kitchen things] [are there|included], [used but good|all recent].",
    ),
    "unfurnished": (
        "[It comes unfurnished|Let empty], [kitchen aside|except for the kitchen], [so bring your own things|so measure the sofa first].",
        "[Empty rooms|Bare rooms], [lamps and curtain rails stay|blinds stay].",
        "[You bring the furniture|Bring your own furniture], [I can lend a table at first|the stairs take a wardrobe].",
    ),
    "pets": (
        "[Dogs and cats are welcome|Pets are welcome], [introduce us first|we like dogs].",
        "[Your dog may come|Bring the dog], [the floors have seen claws|there's a walk at the door].",
        "[Cat? Gladly|Cats gladly], [dogs after a chat|small dogs too].",
        "[Animals are no problem|No objection to animals], [within sense|budgies to wolfhounds].",
    ),
    "no_pets": (
        "[No pets|Sorry, no pets], [one of us is allergic|the house rules say so].",
        "[Please no animals|We can't take animals], [the floors are waxed|it's in the lease].",
    ),
    "garage": (
        "[Garage included|A lock-up garage goes with it], [and you may use it as a workshop|charging point ready].",
        "[Parking underground|Own garage space], [dry|with room for bikes beside the car].",
    ),
    "driveway": (
        "[Parking on the drive|You park at the door], [two cars at a pinch|one car, two if friendly].",
        "[Off-street parking|A driveway] [for one|with a wall box], [no circling at night|gravel].",
    ),
    "no parking": (
        "[No parking|There's no parking], [as everywhere here|tram instead].",
        "[Parking is hopeless|Leave the car elsewhere], [bikes rule|the tram is your friend].",
    ),
}

CLOSERS: tuple[str, ...] = (
    "[Viewings|You can see it] [on Thursdays|most evenings], [ring twice|just ring].",
    "[Deposit two months|Two months' deposit], [paid back promptly|ask the last tenant].",
    "[Long let preferred|We'd like someone for years], [minimum a year|a year at least].",
    "[Non-smokers please|No smoking indoors], [thank you|the balcony rail has an ashtray].",
    "[Write a line about yourself|Tell us who you are], [we read everything|we answer all letters].",
    "[First come|First to fall for it], [first served|gets it].",
    "[Come at dusk|Come and see it in the rain], [that's when it's best|it holds up].",
    "[Couples or singles|One or two people], [all walks of life|whoever you are].",
    "[References help|A reference is nice], [a good chat helps more|so is a smile].",
    "[The keys are at the bakery|Neighbours hold the keys], [any day|just ask].",
    "[No agency|No fee], [no fuss|direct from the owner].",
    "[Short lets considered|Six months possible], [ask|if it suits us both].",
    "[We don't raise the rent yearly|Rent fixed for two years], [promise|in writing].",
    "[Happy to answer questions|Ask me anything], [except about the ghost|by phone if you like].",
)
