"""What a listing says of its neighbourhood and of its view."""

PLACES: dict[str, tuple[str, ...]] = {
    "harbour": (
        "[Fish market at the corner|The fish market is two doors down]: [the smell is gone by ten|you stop noticing by Tuesday]; tram stop {stop} is {minutes} away.",
        "The [ferry to the islands|island ferry] leaves from the end of the [street|quay], and {line} from {stop}, {minutes} on foot.",
        "[Swim|Have a swim] off the [customs steps|old slipway] before work; the [lido|sauna on the pier] is [open all year|five minutes along the wall].",
        "Between the [chandler's|net sheds] and a [very good|rightly famous] [soup kitchen|noodle place], {minutes} from {stop}.",
        "From here you [walk|stroll] to [work in the old customs house|the concert shed] along the water, and to {stop} in {minutes}.",
    ),
    "bellgate": (
        "Saturdays [bring|mean] the market [to your door|under the window]: cheese, [tulips|honey], [gossip|secondhand records]. {stop} is {minutes} away.",
        "[Cobbles outside|The street is cobbled], so [deliveries rattle|leave the high heels], but [no cars after ten|cars may not enter] and the arcades keep you dry [all the way to the tram|as far as {stop}].",
        "The [cathedral clock|old clock] strikes [every quarter|the hours] and is [four minutes slow|never right]; you get [fond of it|used to it].",
        "[Theatre, library and two bakeries|Cinema, bookshop, bakery], all [inside|within] a [five-minute|three-minute] circle.",
        "Bellgate is [the old town|the middle of everything]: [wine bars under vaults|a tailor, a locksmith, a bar with eight stools], {line} at {stop}.",
        "[You won't need a car here|Sell the car], [you couldn't park it anyway|there's nowhere to leave one].",
        "{stop} is {minutes} on foot, and {line} from there cover [most of|the rest of] Wrenmouth.",
    ),
    "weirside": (
        "[The willow path starts|The river path begins] at the [corner|end of the street]; [you can follow it for an hour|it runs to the sea] without crossing a road.",
        "[The Wren runs past|The river passes] [the end of the street|just below], and the weir's [hush|steady hush] covers [most other sounds|whatever traffic there is].",
        "[Kingfishers|Herons, cormorants], [rowers|the rowing club] at seven, [dog walkers|pushchairs] at nine: that's [the day's traffic|rush hour] in Weir Side.",
        "[The old paper mill|The flour mill next door] is now [a climbing hall|a bakery] and [a kindergarten|a repair café]; {stop} on {line} is {minutes} away.",
        "[A footbridge|The iron footbridge] takes you to [the allotments|the park], {line} to the centre in [nine|eight] minutes from {stop}.",
        "[Canoe storage|A place for a canoe] can be had at the [boathouse|club], [thirty|twenty] dollars a [season|year].",
        "[In spring the path is under blossom|In October the whole bank turns yellow], and [in flood years the water stays well below us|the house stands high and dry].",
        "By the river, [away from the main road|well off the ring road], yet [only|just] {minutes} from {stop}.",
    ),
    "lanternhill": (
        "The [funicular|little railway] [saves your knees|does the climbing], {minutes} from the door at {stop}, until [midnight|half past eleven].",
        "[Steep|The lane is steep], I won't [pretend otherwise|lie]: [good calves|strong legs] or the funicular. The reward is [air|the bay].",
        "Lantern Hill is [villas and hydrangeas|old gardens and cats on walls], [one grocer|a single grocer], [one very good café|a lookout with a bench].",
        "[You see the weather coming|Weather arrives here first]: [lights across the bay|the whole roadstead] at night, [fog below you|a sea of fog] in November.",
        "[No through traffic|Nobody drives up here by mistake], [just the post|only residents], and the [swifts|bats] in June.",
        "The [lighthouse|old lantern tower] park [is at the top of the lane|begins behind the houses], and {stop} is {minutes} away.",
        "[Down to the beach in twelve minutes|The beach is a twelve-minute walk], [up again in twenty|and rather longer back up].",
    ),
    "tannery": (
        "The [brewery|cinema in the boiler house] is [across the yard|around the corner], {stop} on {line} {minutes} away.",
        "[Studios|Cheap studios] to [rent|hire] on the same street, [if you throw pots|for painters and potters], and a [hardware shop that still sells single screws|market for bike parts].",
        "[The old leather works|The works] became [workshops|ateliers] and [a street-food hall|a flea market on Sundays]; [the chimney stayed|storks nest on the chimney].",
        "[Still affordable|Rents here are still human], [so far|touch wood], and {line} from {stop} reaches the centre in [eleven|ten] minutes.",
        "[Skaters|A skate bowl], [a community kitchen|a bread oven anyone may book] and [more espresso than sense|three coffee roasters] [around us|nearby].",
    ),
    "orchard": (
        "[Old apple trees|Apple trees from the orchard days] line {street}, and [everyone makes cider|the street presses cider together] in October.",
        "Two [primary schools|good schools] and the [pool|open-air pool] are [a walk|a scooter ride] away; {stop} on {line} is {minutes}.",
        "Orchard End is [hedges, swings, trampolines|bicycles on lawns], [a butcher|a corner shop] who [knows your order|keeps your parcels].",
        "[Thirty-kilometre zone|A play street] [with more cats than cars|where football stops for no one].",
        "[Street party in June|The street party is in June], [lanterns in November|leaf-raking in November]; [join in or don't|nobody minds if you'd rather not].",
        "[The wood|Pippin Wood] begins [behind the last houses|ten minutes away], [owls included|good for sledging and mushrooms].",
        "The tram at {stop} [turns round here|ends here], so you always [get a seat|sit down], {minutes} from the gate.",
        "[Neighbours with ladders|Neighbours who lend tools], [a library bus on Wednesdays|a Thursday vegetable van], and [a doctor two streets away|a surgery on Pippin Road].",
    ),
    "station": (
        "[Trains to everywhere|The whole timetable] {minutes} away at {stop}, [and you hear none of them|behind very good glazing].",
        "[Parcel lockers|Lockers], [a gym|a supermarket open till eleven] and [three lunch places|a decent ramen bar] in the same block.",
        "Station Quarter is [new|young], [practical|straightforward], [a bit windy|windy on Mondays], and you can be [in the capital in fifty minutes|at the airport in half an hour].",
        "[Concierge on weekdays|A caretaker who knows everyone], [cameras in the bike hall|a dry bike hall], {line} at {stop}.",
        "[From here you can live without a car|No car needed]: {line} stop {minutes} away and [share bikes|shared cars] stand [downstairs|outside].",
        "The [new park on the old sidings|linear park on the old tracks] is [for joggers|full of joggers] before work and [picnics|table tennis] after it.",
    ),
    "scholars": (
        "[The library is open till midnight|University library until midnight], [the botanic garden is free|free entry to the botanic garden], and {stop} is {minutes} away.",
        "[Second-hand books|Three second-hand bookshops], [cheap curries|falafel till late], [bicycles|bikes] on every railing: [Scholars' Green|the student quarter] all over.",
        "You can [walk to lectures|be in a lecture] in [six|eight] minutes and [cycle|be] [to the beach in fifteen|at the beach in a quarter of an hour].",
        "[Choirs rehearse nearby|A choir rehearses across the road] [on Tuesdays|on Thursday evenings], [rather well|and they're good].",
        "[The green itself|The green] has [a bandstand|chess tables] and [half the town|everyone] on it [when the sun comes out|on the first warm day].",
        "{stop} is {minutes} on foot; {line} runs [every seven minutes|until one] and the night bus after that.",
    ),
    "fold": (
        "Upper Fold has [a pub|an honest pub], [a bell|a chapel], [forty souls|sixty people] and [more sheep than votes|a hay smell you can keep].",
        "[Bus 14|The 14] stops [at the lane's end|by the milk stand], {minutes} on foot, [every half hour|twice an hour] until [ten|eleven] at night.",
        "[Stars|Real dark], [a sky full of stars|the Milky Way on clear nights], [and fibre broadband, oddly|with broadband all the same].",
        "[The village shop|A farm shop] sells [eggs, batteries and stamps|bread on Tuesdays and Fridays]; for [the rest|all else] it's [twenty minutes|a quarter of an hour] into town.",
        "[Footpaths start|Paths lead off] [at the door|behind the barn]: [ridge|moor] to the north, [the sea|Wrenmouth and the sea] to the south.",
        "[Snow ploughs come here last|In snow the plough comes last], so [keep a shovel|keep logs in].",
        "[Neighbours are a field away|The nearest neighbour is three hundred metres off], [and worth the walk|and brings eggs].",
    ),
}

LIVELY: dict[str, tuple[str, ...]] = {
    "harbour": (
        "[Masts clink|Rigging clinks] at night, [which you'll love or not|a sound you either love or leave], and the [bakery|coffee bar] on the quay opens [at five|for the crews].",
        "Harbour Row [wakes early|is up before you] and [goes to bed late|never quite sleeps]: [gulls, forklifts, then terraces|crates at dawn, wine bars at dusk].",
        "[Summer weekends are lively|Expect crowds at regatta time], winters belong to [the gulls|us].",
    ),
    "bellgate": (
        "[Bells on Sunday|The bells on Sundays are part of the rent], [street musicians|a brass band] now and then, and [silence|a surprising hush] after midnight in the side lanes.",
    ),
    "tannery": (
        "[Murals, welders, a climbing gym|Print shops, a brewery, two rehearsal rooms]: Tannery Yard [is not for light sleepers|works by day and sings by night].",
        "[Fridays get loud|Weekends are loud] until [one|two]; [earplugs are a thing here|you'll either join in or buy earplugs].",
    ),
    "station": (
        "[Office workers by day|Busy at eight and at five], [oddly peaceful|almost silent] on Sundays.",
    ),
    "scholars": (
        "[Term time is lively|During term it hums], [August is yours alone|summers are empty and lovely].",
    ),
}
"""As PLACES, but only true of a home that is not quiet."""

VIEWS: dict[str, tuple[str, ...]] = {
    "river_view": (
        "[From the sofa|From the table] you look [straight at|onto] the Wren, [brown in spring, green in summer|with its rowers and its ducks].",
        "[Both rooms face the water|The big window faces the river], and [reflections run across the ceiling|the light off it moves on the ceiling] all afternoon.",
        "The [view|outlook] is river, [willow, river|more river], and in winter [the lights of the mill|the far bank].",
        "[You can watch|Watch] the [weir|boats] from the [kitchen sink|bed], [better than television|which is why dinner runs late].",
        "River on one side, [treetops|the mill] on the other, and [no one looking in|nothing opposite].",
    ),
    "sea_view": (
        "[On clear days|When it's clear] you see [the islands|three islands and a lighthouse] from the [kitchen|living room].",
        "The sea [fills|takes up] [half the window|the whole west window], and [sunsets|storms] come with the rent.",
        "[A slice of harbour|A wide slice of bay] between the [roofs|chimneys], [enough to know if the ferry sails|with masts in it].",
        "[Sea view|A real sea view], not the [lean-out-and-squint|neck-twisting] sort: you [see it from bed|eat breakfast in front of it].",
        "[West-facing|South-west facing], so the bay [turns copper|goes gold] [just as you get home|at supper time].",
    ),
    "park_view": (
        "[Green on both sides|All the windows are full of leaves], [maples|limes and a beech] [close enough to touch|almost indoors].",
        "[The park is the front garden|It looks out on the park], [with mowing done by somebody else|mown by the town].",
        "From the [bedroom|table] you look into [treetops|old trees], and in winter [as far as the hill|through them to the hill].",
        "[A woodpecker|A pair of jays] works [the trees opposite|the big oak outside], [mostly at breakfast|from seven on].",
    ),
    "roofs_view": (
        "[Chimneys, cats, aerials|Slates, chimney pots and a distant crane]: [a view over the roofs|the roofscape] you [don't tire of|could draw for years].",
        "[You look out over|The windows look across] [the roofs|a patchwork of roofs] to [the cathedral|the hill], [pink at seven in the evening|best when it rains].",
        "[Nothing opposite|Nobody opposite], only [rooftops|tiles] and [a lot of sky|swifts].",
        "The [outlook|view] is [town|pure town]: [terraces, washing lines, a spire|stacked roofs, with the moon over them if you're lucky].",
        "[By night|After dark] the [lit windows|lights] [of the whole quarter|all the way to the harbour] are [yours|spread out below].",
    ),
    "courtyard_view": (
        "[It faces the courtyard|All rooms look into the courtyard], where [a fig tree|a walnut tree] [does well|stands] and [nobody plays drums|bikes sleep].",
        "[To the back|At the back], so [street noise stays outside|you hear blackbirds, not traffic].",
        "The [inner yard|yard] is [planted|full of pots], [swept by Mrs Adeyemi|shared by eight households], and [cool in July|leafy by May].",
        "[Windows onto a planted yard|The bedroom gives onto a yard] with [ivy|honeysuckle] on [three walls|every wall].",
    ),
    "meadow_view": (
        "[Every window has a field in it|Fields in every window], [some of them with horses|two with lambs in March].",
        "The view [rolls down to Wrenmouth|goes down over meadows to the town] and [stops at the sea|ends in a line of sea].",
        "[Mist lies|Mist sits] in the [hollow|valley] [most mornings|until nine], [hares cross it|and burns off gold].",
        "[Look east|To the east]: [hawthorn, wall, sheep, hill|larches and a line of stone walls]. [That's all|Nothing else].",
    ),
}
