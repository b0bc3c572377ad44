"""Words by which a handle is known to be an organisation's. Written by hand from general knowledge; all lower case."""

from __future__ import annotations

from pipelines.redaction.spans import words

# Part of a handle ("Uber_Support", "AskPlayStation", "DeltaNewsHub") that people do not put into their own names.
PARTS = words("""
help helps helper helpers helpdesk heretohelp support supports cares care custcare customercare customerservice custserv
custhelp service services servicing assist assists assistance ask enq enquiries contact talk team news newsroom press air
airline airlines airways aviation airport airports flights fly jet rail railway railways railroad train trains metro transit
transport bus buses ferries ferry cruise cruises taxi cabs freight logistics express courier couriers parcel parcels cargo bank
banking banks insurance insure mutual finance financial capital credit payments pay invest mortgage mobile wireless telecom
telecoms telecommunications broadband fiber fibre cellular cable telco internet isp network networks energy power electric
electricity water utilities utility gas oil petroleum solar hotel hotels resort resorts inn inns suites hostel airbnb restaurant
restaurants cafe coffee pizza pizzeria burger burgers bakery brewery brewing foods food grocery supermarket supermarkets market
markets mart store stores shop shops shopping outlet mall retail fashion clothing footwear cosmetics pharmacy health healthcare
hospital hospitals clinic clinics medical pharma nhs university college school schools academy library libraries museum museums
gallery theatre theatres cinema cinemas theater theaters stadium arena festival expo gov govt government dept department
ministry minister embassy council police fire sheriff parliament congress senate court army navy airforce coastguard county city
township borough commission authority agency federation association foundation institute charity org ngo society union inc ltd
llc llp corp corporation company co gmbh plc group holdings enterprise enterprises industries solutions systems software
technologies tech labs lab digital cloud app apps studio studios games entertainment pictures films records magazine mag journal
times tribune herald gazette chronicle telegraph radio fm broadcasting channel podcast media tv sports fc afc athletics league
championship cup awards motors motor auto automotive cars tires tyres rentals rental realty properties estates homes travel
tourism tours vacations holidays careers jobs hr security alerts weather traffic status dev developers developer api usa uk
""")

# Parts that persons use too ("SamTV", "dev_anna"): they count only together with another such word.
WEAK = words("""
air fly city tv tech co team talk media sports dev app radio travel cars fire power shop food foods coffee pay jet bus cup
digital auto jobs homes times uk usa network security lab labs games records mag market pizza burger metro ask contact fashion
school cloud gas oil water fm status films pictures league college health capital credit express studio union developer
developers internet tours studios traffic weather entertainment solar press court society mart mini
""")

# Ends of a handle that mean an organisation ("spotifycares", "qatarairways"), and ends of surnames that only look like them.
ENDINGS = tuple(sorted(words("""
support supports cares customercare customerservice custserv helps helpers help helpdesk heretohelp service services airlines
airline airways airport airports railway railways trains bank telecom wireless broadband insurance newsroom university hotels
restaurants supermarket supermarkets police magazine mobile energy electric motors foundation pharmacy assist care news dotcom
airasia helpuk supportuk careuk helpus supportus careus helpin supportin carein
""")))
NOT_ENDINGS = ("phelps", "schelp", "whelp", "oscare", "scare", "dontcare", "notcare", "vehelp")

# Words that follow or precede a known name in a company's further handles ("amazonIN", "TeamYouTube", "NikeRunning").
BRANCHES = words("""
ask team the my get hey hello contact go visit meet join official officially hq global world worldwide intl international group
inc ltd plc corp co uk us usa gb ie eu ca canada au aus australia nz in india ind sg singapore my malaysia ph philippines id
indonesia th thailand vn hk tw jp japan kr korea cn china ae uae me mena sa ksa eg africa za rsa ng nigeria ke kenya gh ghana ug
tz br brasil brazil mx mexico latam ar argentina cl chile co colombia pe es espana fr france de deutschland germany at ch it
italia italy nl be pt pl se sweden no norge dk fi ru tr pk pakistan bd lk np nyc la london news press newsroom tweets store
stores shop online app apps web tv music video videos sport sports gaming games play live pro plus premium business biz money
pay card cards bank mobile home tech labs ai cloud dev developers devs design studio studios media entertainment food foods
fresh prime now go one x jobs careers running football basketball women men kids energy electric wireless broadband fiber
internet help support care cares service services assist travel holidays vacations rewards insider status teams office windows
surface maps drive photos docs chrome pixel watch tunes podcasts books kindle alexa echo assistant home network community
updates alerts events deals offers uki
""")

# Companies, institutions and media as their handles write them, without _ and in lower case.
KNOWN = words("""
aa aerlingus aeroflot aeromexico airasia aircanada aircanadarouge airchina aireuropa airfrance airindia airlingus airmauritius
airnz airnewzealand airserbia airtransat alaskaair alaskaairlines allegiant allegiantair americanair american americanairlines
ana austrian avianca azulairlines british_airways britishairways ba bahamasair cathaypacific cebupacific cebupacificair
chinaairlines condor copaairlines croatiaairlines csair czechairlines delta deltaassist deltanewshub easyjet egyptair elal
elalairlines embraer embraersa airbus boeing emirates ethiopianairlines etihad etihadairways eurowings evaair expressjet
fiji_airways fijiairways finnair flyfrontier frontier flybe flydubai flyethiopian flynas flyporter flysaa garuda garudaindonesia
goairlines gojet gol goindigo indigo6e gulfair hainanairlines hawaiianair hawaiianairlines iberia icelandair indigo
japanairlines jal jazzairways jet2 jet2tweets jetairways jetblue jetstar jetstarairways kenyaairways klm koreanair kuwaitairways
latamairlines latam lot lotairlines lufthansa malaysiaairlines mas mesaairlines monarch norwegian omanair pegasus
philippineairlines porter porterairlines qantas qatarairways republicairways royaljordanian royalairmaroc ryanair sas saudia
saudiairlines scoot singaporeair silverairways skywest southafrican_airways southwest southwestair southwestairlines spicejet
flyspicejet spiritairlines spirit srilankan sunwing suncountry swiss swissair flyswiss tapairportugal thaiairways thomascook
thomsonholidays tigerair timco transavia tui tuiuk turkishairlines unitedairlines united uzbekistanairways usair usairways
vietjet vietnamairlines virginamerica virginatlantic virginaustralia virgin vistara volotea vueling westjet wizzair wowair
airbaltic heathrow heathrowairport gatwick_airport gatwickairport stansted dfwairport flytpa bostonlogan logan jfkairport
laguardia ohare fly2ohare fly2midway atlairport phlairport dtwairport mspairport denairport flysfo flysan flylaxairport
laxairport mco iflymia miamiairport cltairport rduairport schiphol changiairport frankfurtairport manairport bwi_airport iah faa
faanews tsa asktsa tsamedia ntsb dot usdot iata icao eurostar amtrak nationalrailenq nationalrail gwr gwrhelp virgintrains
londonmidland southernrail southeastern se_railway sw_trains sw_help swrailway northernassist northernrailorg c2c_rail
chilternrailway crosscountryuk eastmidlandstrains emtrains greateranglia greateranglia thameslink tlrailuk scotrail transpennine
tpexpress merseyrail gatwickexpress heathrowexpress tfl tflrail tfltravelalerts transportforlondon tfgm mta nycttrains
nyctsubway njtransit septa wmata bart cta ttc sncf db db_bahn dbbahn renfe trenitalia irctc railminindia indianrailways
eurotunnel megabus greyhoundbus greyhound flixbus nationalexpress stagecoach arriva uber ubereats uberuk lyft asklyft olacabs
ola grab grabid gojek bolt didi deliveroo doordash grubhub justeat just_eat postmates instacart swiggy zomato foodpanda
hellofresh blueapron getir gopuff ocado hertz avis enterprise budget sixt europcar alamo nationalcar thrifty zipcar turo airbnb
booking bookingcom expedia orbitz travelocity priceline hotelscom kayak tripadvisor trivago agoda makemytrip cleartrip goibibo
yatra skyscanner lastminute hilton hiltonhelp hiltonhonors marriott marriottintl marriottbonvoy hyatt ihg holidayinn starwood
spg sheraton westin ritzcarlton fourseasons kimpton bestwestern choicehotels wyndham accor accorhotels premierinn travelodge
travelodgeuk oyorooms oyo caesars mgmresorts carnival carnivalcruise royalcaribbean disney waltdisney waltdisneyworld disneyland
disneyparks disneyplus universalorl legoland lego seaworld sixflags vrbo homeaway amazon amazonuk amazonin amazonindia amazonca
amazonde amazonhelp primevideo primevideoin awscloud aws audible kindle twitch goodreads wholefoods zappos ebay ebay_uk etsy
alibaba aliexpress flipkart myntra snapdeal jabong paytm paytmcare shopclues bigbasket nykaa lazada shopee tokopedia bukalapak
jumia konga takealot mercadolibre walmart target asktarget costco kroger safeway publix wegmans traderjoes aldi aldiuk aldiusa
lidl lidlgb lidluk tesco tescomobile sainsburys asda morrisons waitrose waitroseandpartners coopuk marksandspencer mandstweets
mands boots bootsuk superdrug johnlewis johnlewisretail debenhams houseoffraser selfridges harrods harveynichols argos
argoshelpers currys curryspcworld pcworld halfords screwfix wickes bandq homebase ikea ikeauk ikeausa wayfair dunelm
nextofficial next asos boohoo missguided prettylittlething plt topshop topman riverisland newlook primark hm handm zara uniqlo
gap oldnavy bananarepublic mango nike nikestore adidas puma underarmour reebok newbalance asics lululemon levis ralphlauren
tommyhilfiger calvinklein gucci burberry prada louisvuitton chanel dior hermes michaelkors coach katespade victoriassecret
bathbodyworks sephora ultabeauty macys nordstrom nordstromrack kohls jcpenney jcp sears kmart bloomingdales saksfifthavenue
neimanmarcus tjmaxx marshalls rossstores footlocker footlockereu jdsports sportsdirect dickssportinggoods rei decathlon bestbuy
bestbuysupport geeksquad homedepot lowes acehardware walgreens cvs cvspharmacy riteaid gamestop toysrus officedepot staples
newegg microcenter bhphoto overstock qvc hsn groupon wish shein temu superdry ted_baker tedbaker urbanoutfitters anthropologie
americaneagle abercrombie hollisterco forever21 hottopic barnesandnoble waterstones whsmith chewy petco petsmart warbyparker
apple applesupport applemusic appletv itunes icloud google gmail googlechrome googleplay googleplaymusic googlemaps googlehome
madebygoogle googlepixel android youtube teamyoutube youtubemusic youtubetv ytcreators ytgaming microsoft windows windowssupport
surface office office365 outlook skype msft xbox xboxsupport xboxone xboxgamepass azure bing linkedin github gitlab facebook fb
meta messenger whatsapp instagram oculus twitter twittersupport x xdevelopers twittersafety snapchat snap tiktok pinterest
reddit tumblr discord slack zoom zoom_us zoomus telegram signal viber wechat line vimeo dailymotion flickr imgur medium quora
wordpress wordpressdotcom wix squarespace godaddy namecheap bluehost hostgator shopify mailchimp hootsuite buffer dropbox box
evernote notion trello asana atlassian jira salesforce oracle sap ibm ibmwatson intel amd nvidia nvidiageforce qualcomm cisco
dell dellcares delloutlet hp hpsupport hpe lenovo lenovous asus acer msi toshiba samsung samsungmobile samsungmobileus samsungus
samsunguk lg lgus sony sonymobile sonyuk panasonic philips bosch siemens whirlpool dyson sharp htc huawei huaweimobile honor
xiaomi xiaomiindia oneplus oneplusin oppo vivo realme nokia nokiamobile blackberry motorola moto motorolaus micromax lavamobiles
googlefi logitech logitechg razer corsair bose bosecare beats beatsbydre sonos roku fitbit garmin gopro canon canonusainc nikon
nikonusa kodak epson brother xerox adobe adobecare photoshop lightroom autodesk norton mcafee kaspersky avast tesla spacex ford
fordservice gm chevrolet chevy gmc cadillac buick dodge ram jeep chrysler toyota honda nissan mazda subaru mitsubishi hyundai
kia bmw mercedesbenz audi vw volkswagen porsche volvo volvocars jaguar landrover mini fiat alfaromeo renault peugeot citroen
opel vauxhall skoda seat lexus acura infiniti genesis ferrari lamborghini harleydavidson tatamotors mahindra marutisuzuki
royalenfield michelin goodyear bridgestone shell bp exxon exxonmobil chevron texaco total esso spotify spotifycares spotifyuk
spotifyusa spotifyartists pandora pandoramusic tidal deezer soundcloud shazam lastfm iheartradio siriusxm applemusic tunein
napster rdio bandcamp netflix netflixhelps netflixuk netflixindia hulu hbo hbomax hbonow peacock paramountplus crunchyroll
funimation plex vudu slingtv sling fubotv philo dazn espn espnplus nowtv nowtvhelp sky skyuk skyhelpteam skysports skynews skytv
itv itvhub channel4 all4 bbc bbciplayer playstation playstationuk playstationeu askplaystation sonyplaystation nintendo
nintendoamerica nintendouk steam steam_games valvesoftware ea eahelp askea easportsfifa easports origin ubisoft ubisoftsupport
activision atviassist callofduty infinityward treyarch blizzard blizzardcs blizzardcseu warcraft playoverwatch rockstar
rockstargames rockstarsupport bethesda bethesdastudios bungie bungiehelp destinythegame epicgames fortnite fortnitegame mojang
mojangsupport minecraft minecraftstatus riotgames riotsupport leagueoflegends roblox supercell clashroyale clashofclans king
zynga niantic nianticlabs pokemongoapp 2k 2ksupport 2kgames squareenix sega capcom konami bandainamcous cdprojektred att
attcares attcustomercare verizon verizonsupport verizonwireless vzwsupport verizonfios tmobile tmobilehelp tmobileus sprint
sprintcare boostmobile boostcare metropcs metrobytmobile cricketnation cricketwireless uscellular uscellularcares tracfone
straighttalk virginmobile virginmobileusa virginmedia bt btcare bt_uk btgroup btsport ee o2 vodafone vodafoneuk vodafonein
vodafonegroup threeuk three giffgaff talktalk talktalkcare plusnet plusnethelp skybroadband tescomobilecare idmobileuk voxi
smarty_uk comcast comcastcares xfinity xfinitysupport spectrum ask_spectrum charter charter_tv twc twc_help timewarnercable cox
coxcomm coxhelp centurylink centurylinkhelp frontiercorp askfrontier suddenlink optimum optimumhelp cablevision directv
directvservice dish dish_answers dishnetwork windstream mediacom mediacomsupport rcn wow_way googlefiber rogers rogershelps bell
bell_support telus telussupport fido fidosolutions koodo freedommobile shaw shawinfo shawhelp videotron telstra optus optus_help
vodafoneau tpgtelecom iinet airtel airtelindia airtel_presence airtel_care airtelnigeria idea idea_cares jio jiocare reliancejio
bsnl bsnlcorporate mtnl tatadocomo uninor aircel vi_cares videocon actfibernet hathway dishtv tatasky tataskyworld d2h mtn mtnng
mtnnghelp mtnza glo gloworld glocare etisalat etisalat_9ja 9mobileng 9mobile safaricom safaricomltd safaricom_care airtel_ke
airtelkenya telkom telkomsa cellc vodacom vodacom111 orange orangefr sfr bouygues bouyguestelecom freebox telekom
deutschetelekom telekomhilft o2de vodafoneservice kpn ziggo tmobilenl proximus telenet swisscom salt sunrise upc telefonica
movistar movistar_es vodafone_es jazztel yoigo claro clarobrasil oi tim timbrasil vivobr telcel telmex globetel globe smart
smartcares talk2globe enjoyglobe pldt pldt_cares sunlife maxis maxislistens celcom digi unifi tmconnects singtel starhub m1
xl_axiata xlcare telkomsel telkomcare indosat indosatcare dstv dstv_nigeria dstvng gotv multichoice startimes kenyapower
kenyapower_care eskom eskom_sa chase chasesupport bankofamerica bofa bofa_help bofa_news wellsfargo ask_wellsfargo citi citibank
askciti capitalone askcapitalone usbank askusbank pnc pncbank pncbank_help tdbank tdbank_us ally allybank ally_care discover
amex americanexpress askamex amexuk visa mastercard paypal askpaypal venmo venmosupport cashapp cashsupport squarecash square
stripe zelle robinhood askrobinhood robinhoodapp coinbase coinbasesupport binance krakenfx kraken etrade tdameritrade schwab
charlesschwab fidelity vanguard_group vanguard hsbc hsbc_uk hsbcukhelp barclays barclaysuk barclaysukhelp barclaycard natwest
natwest_help lloyds lloydsbank asklloydsbank halifax halifaxbank askhalifaxbank santander santanderuk santanderukhelp rbs
rbs_help tsb nationwide asknationwide askvirginmoney virginmoney monzo starling starlingbank revolut revolutapp n26 transferwise
wise moneysupermarket moneygram westernunion hdfcbank hdfcbank_cares hdfc_bank icicibank icicibank_care axisbank axisbanksupport
sbi theofficialsbi sbicard_connect kotakbankltd yesbank rbi rbl_bank phonepe phonepesupport gpay googlepay mobikwik freecharge
dbsbank ocbc uob maybank cimb cimbmalaysia bca bankbca bankmandiri gtbank gtbank_help gtbank zenithbank accessbank accessbankplc
access_more ubagroup firstbankngr firstbank fnb rbjacobs absa absasouthafrica standardbankza standardbank nedbank capitec
capitecbanksa equitybank kcbgroup kcbcare mpesa westpac commbank nab anz anz_au rbc td_canada scotiabank bmo cibc geico
geico_service progressive statefarm allstate libertymutual nationwide farmers usaa usaa_help aetna cigna anthem humana
unitedhealthcare uhc kaiserpermanente bluecross aviva axa axauk directline admiral admiraluk churchill asurion asurioncares
squaretrade lic licindiaforever ups upshelp upsers fedex fedexhelp usps uspshelp dhl dhlus dhlexpressuk dhlparceluk dpd dpd_uk
dpduk hermesparcels hermesorg evri yodel yodelonline royalmail royalmailhelp parcelforce tnt tnt_uk ukmail citylink canadapost
canadaposthelps canadapostcorp auspost postnl deutschepost laposte correios indiapost indiapostoffice bluedart bluedart_
delhivery ecomexpress_ aramex ontrac lasership purolator puroposthelp poslaju posmalaysia singpost jntexpressid jne_id jne
mcdonalds mcdonaldsuk mcdonaldscorp burgerking bk wendys kfc kfc_uki kfc_uki_help kfcuki subway dominos dominos_uk dominosuk
pizzahut pizzahutuk pizzahutdeliver papajohns papajohnsuk askpapajohns chipotle chipotletweets tacobell jackbox carlsjr hardees
sonicdrivein arbys popeyes popeyeschicken chickfila fiveguys shakeshack innout whataburger panera panerabread askpanera
starbucks starbucksuk starbuckscare dunkin dunkindonuts costacoffee costa pretamanger pret greggs greggsofficial nandos nandosuk
wagamama_uk wagamama pizzaexpress zizzi itsu timhortons krispykreme baskinrobbins dairyqueen olivegarden applebees chilis ihop
dennysdiner dennys crackerbarrel buffalowildwings bww redlobster outback tgifridays cheesecakefactory pfchangs sweetgreen
jimmyjohns jerseymikes qdoba moes wawa sheetz 7eleven circlek cocacola coca_cola cocacolaco pepsi pepsico drpepper mountaindew
redbull monsterenergy gatorade nestle cadbury cadburyuk kitkat oreo kelloggs kelloggsus heinz kraft kraftheinz doritos lays
pringles walkers_crisps skittles snickers mars benandjerrys haagendazs unilever proctergamble pg loreal maybelline dove gillette
colgate heineken budlight budweiser guinness carlsberg jackdaniels_us diageo cnn cnnbrk cnni foxnews foxbusiness msnbc cnbc abc
abcnews cbs cbsnews nbc nbcnews pbs npr bbcnews bbcworld bbcbreaking bbcsport bbcnewsnight bbcradio4 bbcr1 itvnews channel4news
c4news guardian theguardian guardiannews independent telegraph thetimes times dailymail mailonline dailymailuk daily_mirror
dailymirror thesun eveningstandard standardnews metrouk huffpost huffingtonpost huffpostuk buzzfeed buzzfeednews vice vox
voxdotcom slate salon politico thehill axios theatlantic newyorker nymag time timemagazine newsweek forbes fortune
fortunemagazine fastcompany businessinsider bloomberg bloombergnews business reuters ap afp upi wsj nytimes nyt nytsupport
washingtonpost washpost washposthelp usatoday latimes chicagotribune bostonglobe nypost nydailynews economist theeconomist
financialtimes ft ftalphaville wired techcrunch theverge verge engadget gizmodo mashable cnet arstechnica pcmag zdnet gigaom
recode tomsguide macrumors 9to5mac androidcentral xda ign gamespot kotaku polygon eurogamer ndtv ndtvgadgets timesofindia toi
htc htc hindustantimes the_hindu indianexpress economictimes aajtak zeenews abpnews dawn_com aljazeera ajenglish rt_com rt
lemonde lefigaro bfmtv spiegelonline bild elpais el_pais elmundo repubblica corriere sbsnews 9news 7news cbc cbcnews ctvnews
globeandmail torontostar citynews natgeo discovery history historychannel mtv mtvnews mtvmusicuk vh1 bet billboard rollingstone
nme pitchfork variety thr hollywoodreporter ew people enews etnow tmz usweekly perezhilton accesshollywood theellenshow
latenightseth fallontonight todayshow gma goodmorningamerica thismorning loosewomen gmb sportscenter skysportsnews skyfootball
espnfc bleacherreport sinow sportsillustrated nfl nflnetwork nba nbatv mlb mlbnetwork nhl mls fifa fifacom uefa uefacom
championsleague euro2016 olympics ioc premierleague efl laliga bundesliga seriea wwe wwenetwork wwenxt wweuniverse ufc f1 nascar
motogp usopen wimbledon theopen pgatour pgachampionship pga lpga ausopen rolandgarros ncaa icc bcci ipl indianpremierleague
england manutd mancity mcfc chelseafc arsenal lfc liverpoolfc spursofficial everton lcfc whufc nufc avfcofficial realmadrid
fcbarcelona atleti fcbayern bvb juventusfc acmilan inter psg_inside celticfc rangers steelers packers patriots cowboys
dallascowboys giants nygiants eagles redskins broncos seahawks 49ers raiders chargers rams bears lions vikings falcons panthers
saints buccaneers texans colts titans jaguars ravens bengals browns chiefs dolphins bills nyjets nyrangers yankees mets redsox
cubs whitesox dodgers sfgiants cardinals royals rangers astros bluejays orioles tigers indians twins brewers reds pirates
phillies braves marlins nationals rockies padres mariners athletics lakers celtics warriors cavs bulls nyknicks knicks heat
spurs rockets clippers raptors sixers wizards hawks hornets pacers pistons bucks timberwolves okcthunder suns jazz pelicans
grizzlies mavs nuggets blackhawks penguins bruins canadiens mapleleafs flyers redwings carolinapanthers nhlblackhawks nasa esa
noaa nws nwschat usgs fema cdcgov cdc fda who unicef un ungeneva unesco unhcr worldbank imf wto nato eu europeancommission
whitehouse potus flotus vp statedept dhsgov fbi cia nsa irs irsnews ssa uscis fcc ftc ftcgov cfpb epa dea atf hmrc hmrcgovuk
hmrccustomers dvla dvlagovuk dwp homeoffice ukhomeoffice foreignoffice 10downingstreet number10gov royalfamily kensingtonroyal
clarencehouse nhsuk nhsengland ofcom ofgem ofwat uklabour conservatives ukip libdems thesnp greens gop thedemocrats dnc tuc aclu
nra amnesty greenpeace wwf redcross britishredcross oxfam savethechildren shelter peta rspca aspca humanesociety change avaaz
moveon wikileaks wikipedia mozilla firefox opera ubuntu linux raspberry_pi pmoindia mea_india digitalindia uidai incometaxindia
epfo passportsewa tripadvisoruk yelp yelphelp opentable ticketmaster ticketmastercs ticketmasteruk stubhub seatgeek eventbrite
livenation axs fandango amctheatres regalmovies cinemark cineworld odeon odeoncinemas vuecinemas pvr_cinemas pvrcinemas
bookmyshow ge gehealthcare honeywell 3m caterpillar deere boots_uk bosch accenture deloitte pwc kpmg ey mckinsey bcg infosys tcs
wipro cognizant capgemini foxconn softbank tencent baidu sodexo aramark compassgroup iss g4s serco capita pearson pearsonsupport
mcgrawhill cengage chegg coursera udemy edx khanacademy duolingo turnitin blackboard canvas instructure quizlet grammarly
mediatemple yahoo yahoocare yahoonews aol aolsupport aolsupporthelp verizonmedia tinder bumble okcupid match eharmony grindr
hinge badoo zillow trulia redfin realtor rightmove zoopla gumtree craigslist indeed monster glassdoor upwork fiverr kickstarter
gofundme patreon indiegogo justgiving onlyfans weightwatchers myfitnesspal strava peloton planetfitness puregym equinox crossfit
ancestry ancestry23 23andme directenergy britishgas britishgashelp edfenergy eonhelp eon sse npower npowerhq scottishpower bulb
octopusenergy ovoenergy nationalgrid pge pge4me sce conedison coned duke_energy dukeenergy dominionenergy comed xcelenergy fpl
thameswater severntrent unitedutilities anglianwater marriottrewards avianca_co sheratonhotels asiana flyasiana tam tamairlines
alitalia aegeanairlines airberlin germanwings brusselsairlines sata azores airportexpress cpr metrolink lirr chicagocta caltrain
marta bostonmbta mbta translink goatransit gotransit octranspo
""".replace("_", ""))
