"""Words that names are made of."""

ADJECTIVES = """
amber brave calm clever cold crisp curly dark dense dry early faint fancy fierce flat fresh gentle giant glad
golden grand gray green happy heavy hidden hollow honest huge humble icy idle jolly keen kind large late lazy
light lively lonely long loud lucky mellow merry mild misty modern narrow neat noble odd old open pale patient
plain polite proud quick quiet rapid rare ripe rough round royal rusty sandy sharp shiny short shy silent silver
simple sleepy slow small smart smooth soft solid sour spare steady steep stiff still strong sunny sweet swift
tall tame tender thick thin tidy tiny tired vast warm weary wide wild wise wooden young
""".split()

NOUNS = """
acorn anchor apron arrow badge basket beach bell bench bird blanket boat bottle box branch bread brick bridge
broom brush bucket butter button cabin candle canoe carpet castle chain chair cherry cliff clock cloud coat
copper corner cotton cradle creek crown cup curtain desk dial dock door drum eagle engine falcon farm feather
fence field flag flute forest fork fountain garden gate glass glove grape hammer harbor hat hill honey horn
horse island jacket jar kettle key kitchen ladder lake lamp leaf lemon letter lion lock maple market meadow
mirror moon mountain needle nest oak ocean onion orchard oven owl paddle paper park pearl pencil pepper piano
pillow pine plate pocket pond potato puzzle rabbit rain ribbon ring river road roof rope rose sail saddle salt
school shell ship shoe shovel spoon spring squirrel stair star stone storm street sugar swan table tea tent
thread ticket tiger tower train tree tulip valley violin wagon wall watch well wheel whistle willow window wolf
wool
""".split()
