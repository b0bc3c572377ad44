"""Words that stand where a name could stand ("Hi Team", "Thanks Guys") and are none. Lower case, written by hand."""

from __future__ import annotations

from pipelines.redaction.spans import words

NOT_NAMES = words("""
a about above actually after afternoon again agent agents agree ah aha ahead airline airlines airport all almost alot already
alright also although always am amazing amazon america american an and android another any anybody anymore anyone anything
anyway app apple april apologies apparently appreciate appreciated are aren area around as ask asap at august autumn available
awesome aww away awful babe back bad baggage bag bags bank be beautiful because been before being believe best better between
bill birthday bit black boo book booking boss both boy bro bruh brother btw buddy bug bummer business but buy by bye call called
calling calls can can't cannot cant care case chat check cheers christmas cinderella class clearly click close club code come
coming company complete complaint computer con concerned confirmed congrats congratulations contact cool could couldn't country
crap crew cup customer customers customerservice cute dad daily damn day days dear dearest december dear delay delayed delays
dems desk did didn't digital direct disappointed disappointing disgusting dm dms do does doesn't doing done don't dont double
dude due during each early earlier easter easy either else email emails end english enjoy enough eta even evening evenings ever
every everybody everyone everything ex excellent exactly excited except excuse extra fab fabulous facebook fail family fan fans
fantastic fastest feb february feel few finally fine first fix flight flights flying fml folks follow following for forever
found four free friday friend friends from front fuck fucking fully fun further fyi gate gents gentlemen get getting girl girls
give giving glad go god going gold gonna good goodbye goodness google got gotta great greetings group guess guest guests gurl
guy guys ha had haha half hang happy hard has hasn't have haven't having he he'll he's headquarters hear heard hello help
helping helpful her here hey hi highly him his hmm holiday holidays home honestly hope hopefully hoping hot hour hours how
however hr hrs huge hun hurry i i'd i'll i'm i've idk if ill im immediately impressed in incl indeed info information inside
internet into is isn't issue issues it it'll it's its itself january july june just keep kind kindly know kudos la ladies lady
lame last late later latest least left legend legends less let lets like line link list literally little live lmao load local
log lol long look looking looks lord lost lot lots love loved loving luck lucky luggage luv ma'am maam madam made mail make
making man management manager many march mate mates maybe may me mean member merry message messages mid might mind mins miss
missed mobile mom monday money month months more morning most mother much mum must my myself name name's names nah near need
needs neither never new news next nice night no nobody none nope nor not note nothing noted november now number nvm obviously
october of off offer office official often oh ok okay old omg on once one ones online only open or orange order orders other
others our ours out outside over overall own page pal part partner party pass passenger passengers password pay peeps people
perfect perhaps person phone photo pilot pilots place plane planes please pls plus plz pm point poor possible possibly post ppl
premium pretty probably problem problems product promise properly props proud public put question questions quick quickly quite
quote radio rather re read ready real really reason received recommend refund regarding regards rep reps reply report
representative request reservation respect respond response rest ridiculous right rip room rt rude safe sad safety sales same
santa saturday say says school seat seats second see seen seems seriously service services several sending sent september shame
she she's short should shout shoutout show sign silly simple since sir sister sit site sitting six sky small smh so software
soft some somebody someone something sometimes song songs soon sorry sounds southwest spanish speak special spoke spotify staff
start started starting station status stay step still stop store story strange stuff stupid such suck sucks summer sunday super
supervisor support sure surely sweet system take taken taking talk team tell terrible terminal text than thank thankful thanks
thankyou that that's the their them then there there's these they they'll they're they've thing things think this those though
thought thoughts three through thru thursday thx ticket tickets till time times tiny to today together tomorrow tonight too took
top total totally toward traffic train trains travel travelling traveling travelers trip true truly trust try trying tuesday
turn tweet tweets twice twitter two ty type ugh uh uk um umm under understand understood unfortunately until up update updates
upon ur us usa use used user users using usual usually vacation valentine valentines verified version very via video view visit
voice vs wait waiting walk want wanted warm was wasn't watch way we we'd we'll we're we've wealthy weather web website wednesday
week weekend weeks welcome well went were weren't what what's whatever when where which while who who's whole whom whoever whose
why wife wifi will winter wish with within without woman women won't wonderful wondering wont woo woohoo word words work worked
working works world worry worst worth would wouldn't wow wrong www xmas xoxo ya yay yeah year years yep yes yesterday yet yo you
you'd you'll you're you've your yours yourself youtube yup zero agent tony's ceo cfo coo president ltd inc llc corp plc desk
passport visa mr mrs ms dr sir madam captain capt prof professor rev st saint father officer detective sergeant judge senator
doctor nurse flight crew customer care guest relations services loyalty programme program pepper robot bean brightside potato
president america universe world piggy burns parcel plow clean muscle wizard freeze incredible fox bubble wonderful sandman
postman policeman taxi bus driver coffee tea toast deal dealz lube cheese beast right fix rooter softee kipling pac marvel
manners money perfect wi-fi internet iphone ipad ios mac macbook windows xbox playstation samsung galaxy alexa siri cortana
bixby hulu netflix visa mastercard paypal uber lyft delta united jetblue virgin tesco asda aldi argos yahoo gmail hotmail
outlook verizon sprint tmobile comcast xfinity vodafone o2 bt ee sky chase monopoly monday's bonjour hola hallo ciao hei aloha
namaste salut ola buenos buenas dias tardes noches gracias merci danke grazie obrigado obrigada arigato sorry-- senor senora
señor señora amigo amigos monsieur madame herr frau equipe equipo tous todos alle zusammen january's north south east west
northern southern eastern western central upper lower street road avenue city state county island islands beach lake mountain
river bay park square house mall centre center airport intl international national global express regional domestic english
spanish french german italian chinese japanese indian british irish scottish welsh canadian mexican asian european african
arabic dutch portuguese greek polish russian bluetooth bot robot admin moderator mods mod editor author host owner seller buyer
tenant landlord neighbour neighbor doctor lawyer teacher student pensioner sounds gotcha roger copy absolutely definitely
certainly indeed bravo cheerio enjoy hurray hooray yikes oops oopsie whoops ouch argh blimey crikey gosh jeez gee wowza wohoo
bless stay safe travels flying day night rep reps pros cons team's guys's folks's hashtag mention signed unsigned anonymous
unknown nameless big king queen prince princess duke lord guy buddy jesus skip river forest stone london israel ireland china
india asia lima cairo teen universe australia usa uk usb gps wow lol idk imo tbh fwiw tfw tldr rt cc hq eu nyc la sf dc uae usa
gb
""")
