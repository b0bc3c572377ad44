"""First names of many cultures, written from general knowledge; all lower case, without accents.

A name in `ALSO_WORDS` is also a word, a place, a company or a stage name: it counts only where the text says that a person
is meant.
"""

from __future__ import annotations

from pipelines.redaction.spans import words

FIRST_NAMES = words("""
aaliyah aaron abbas abby abdul abdullah abel abena abhi abhijit abhinav abhishek abigail abraham ada adam adama adebayo adel
adela adele adeline aditi aditya adnan adrian adriana adrianna adrienne afia agata agathe agnes agnieszka ahmad ahmed ahmet aida
aidan aiden aileen aimee aisha aishwarya aiyana ajay akash akiko akira akshay alain alan alana alba albert alberto alec
alejandra alejandro aleksandr aleksandra alena alessandra alessandro alessia alex alexander alexandra alexandre alexei
alexia alexis alfie alfonso alfred alfredo ali alice alicia alina alisa alisha alison alistair allan allen allison alma alok
alvaro alvin alyssa amal amanda amandine amara amelia amelie amina amir amira amit amita amrit amrita amy ana anabel anais anand
ananya anastasia anders andre andrea andreas andreea andrei andres andrew andrzej andy angela angelica angelina angelo angie
angus anh anika anil anisha anita anja anjali anke ankit ankita ankur ann anna annabel anne anneliese annette annie annika anouk
ansel anthony antoine anton antonia antonio anu anuj anupam anurag anusha anya aoife april arash aria ariana arianna ariel arjun
arlene armando arnaud arnav arnold arthur arturo arun aruna arvind asha asher ashish ashleigh ashley ashok ashton ashwin asif
asma astrid atul aubrey audrey august aurelie aurora ava avery avi axel ayaan ayesha aylin ayse ayumi azadeh aziz baptiste
barbara barnaby barry bartosz bashir basil beata beatrice beatriz becca becky belinda ben benedict benjamin bennett benoit
bernadette bernard bernd bernice bertha bertrand beth bethan bethany betsy bettina betty bhavna bhavesh bianca bilal birgit
bjorn blake blanca boris brad bradley brady brandi brandon brandy breanna brenda brendan brennan brent brett brian briana
brianna bridget brigitte britney brittany brooke bruce bruno bryan bryce bryn bukola burak caitlin caitlyn caleb callum calvin
cameron camila camilla camille candace candice cara carina carl carla carlo carlos carly carmen carol carole carolina caroline
carolyn carrie casey cassandra cassidy cassie catalina caterina catherine cathy cecile cecilia cedric celia celine cesar chad
chaitanya chandra chandni chanel chantal charlene charles charlie charlotte chelsea cheng cherie cheryl chester chetan chiara
chidi chika chinedu chioma chloe chris chrissy christa christel christian christina christine christoph christophe christopher
christy chuck cindy claire clara clare clarence clarissa claude claudia claudio claus clay clayton clement cliff clifford
clinton clive clyde cody colin colleen collin connor conor conrad constance constantin consuelo cora corey corinne cornelia cory
courtney craig cristian cristiana cristina cristobal curt curtis cynthia cyril cyrus daiki daisuke dalia damian damien damon dan
dana daniel daniela daniele danielle danilo danny dante daphne daria dario darius darlene darren darryl daryl dave david davide
davina dawn dayo dean deanna deb debbie deborah debra declan deepa deepak deepika deirdre deja delia delilah delphine demetrius
denis denise deniz dennis denny derek dermot derrick desiree desmond dev devi devin devon deborah dhruv diana diane dianne
diarmuid didier diego dieter dietmar dilip dimitri dina dinesh dion dirk divya dmitri dmitry dolores dominic dominik dominika
dominique don donald donna donovan dora doreen doris dorota dorothy doug douglas duane duncan dustin dwayne dwight dylan eamon
earl ebony eddie edgar edith edmund eduardo edward edwin efe eileen ekaterina elaine eleanor elena eleni elham eli elias elif
elijah elisa elisabeth elise elizabeth ella ellen ellie elliot elliott elodie eloise elsa elsie elvira emanuel emeka emil emilia
emilie emilio emily emma emmanuel emmanuelle emmett emre enrico enrique eric erica erich erick erik erika erin ernest ernesto
erwin esperanza estefania esteban estelle esther ethan etienne eugene eugenia eunice eva evan evangeline eve evelyn ewa ewan
ezra fabian fabiana fabien fabio fabiola fabrice fahad faisal fanny farah farhan farid fatima fatma fatoumata federica federico
felicia felicity felipe felix fergus fernanda fernando filip filipe fiona flavia flavio fleur flora florence florian folake
frances francesca francesco francis francisco franck francois francoise frankie franz freddie frederic frederick frederik freya
frieda fritz funmi gabriel gabriela gabriele gabriella gabrielle gael gail gareth garrett gary gaurav gautam gavin gayle geeta
gemma gena gene genevieve geoff geoffrey george georgina gerald geraldine gerard gerardo gerhard gerry giacomo gianluca gianna
gideon gilbert gilles gina ginny giorgio giorgos giovanna giovanni gisela gita giulia giulio giuseppe gladys glenda glenn gloria
gonzalo gopal gordon graham greg gregg gregor gregory greta gretchen griffin guadalupe guido guilherme guillaume guillermo
gunnar gunther gurpreet gustavo gwen gwendolyn habib hadiya haiyan hakan hakim haley halima hamid hamish hamza hana hanna hannah
hans harald hari harish harold harpreet harriet harris harry harsh harsha haruka haruki haruto harvey hasan hassan hayden hayley
hazel hector heidi heike heinrich heinz helen helena helene helga helmut hemant hendrik henri henrietta henrik henrique henry
herbert hernan hieu hilary hilda himanshu hina hiroko hiroshi hiroto holger holly horst howard hristo huda hugh hugo humberto
hussain hussein ian ibrahim ida idris ifeanyi ifeoma ignacio igor ilaria ilse iman imani imogen imran ina inderjit ines inga
ingo ingrid inigo ioana ioannis ira irene irfan irina irma isaac isabel isabella isabelle ishaan ishita isla ismael ismail issa
ivan ivana ivo iwona jabari jacinta jackie jacob jacqueline jacques jaden jagdish jaime jake jakob jakub jamal jameel james
jamie jamila jan jana jane janet janice janine janusz jared jarek jasmin jasmine jason jasper javed javier jayden jayesh jayne
jean jeanette jeanne jeannie jeff jeffery jeffrey jelena jen jenna jennie jennifer jenny jens jeremiah jeremie jeremy jerome
jerry jess jesse jessica jessie jill jillian jim jimena jimmy jing jitendra jitka joakim joan joana joann joanna joanne joao
joaquin jocelyn jodi jodie jody joe joel joelle joerg johan johann johanna johannes john johnathan johnny johnnie jolanta jolene
jon jonah jonas jonathan jonny jorge jose josef josefina joseph josephine josh joshua josiah josie juan juana juanita judith
judy jules julia julian juliana julianne julie julien juliet julieta juliette julio julius jun june jurgen justin justina
justine kabir kacper kadir kaitlin kaitlyn kajal kalyan kamal kamala kamil kamila karan karel karen karim karin karina karl
karla karolina karthik kasia kasper kassandra kate katelyn katerina katharina katherine kathleen kathryn kathy katie katja
katrin katrina katy kavita kavya kay kayla kayleigh kazuki kazuo keegan keiko keira keith kelechi kelley kelli kellie kelly
kelsey kelvin kemi ken kendall kendra kenji kenneth kenny kenta kerry kevin keyshawn khadija khaled khalid khalil khanh kiara
kieran killian kim kimberley kimberly kiran kira kirill kirk kirsten kirstie kirsty kishore klara klaus klaudia koen kofi koji
komal konrad konstantin krishna krista kristen kristi kristian kristie kristin kristina kristine kristof kristy krystal
krzysztof kumar kumiko kunal kurt kwabena kwame kyle kylie laila lakisha lakshmi lalita lamar lana laquan lara larisa larissa
larry lars lashonda latasha latoya laszlo laura lauren laurence laurent laurie lavanya laverne lawrence layla lea leah leandro
leanne leigh leila lena lenka lennart lennox leo leon leona leonard leonardo leonie leonor leopold leroy lesley leslie leticia
levi lewis liam lidia liesbeth lieke lila lili lilian liliana lillian linda lindsay lindsey ling linh linnea linus lionel lisa
lise lisette liv livia liz liza lizzie lloyd logan lois lola lonnie loredana lorena lorenzo loretta lori lorna lorraine lothar
lou louis louisa louise luc luca lucas lucia luciana luciano lucie lucien lucinda lucy ludovic ludwig luigi luis luisa luiz luka
lukas lukasz luke lydia lyle lynda lynette lynn lynne mabel maciej mackenzie macy maddie madeleine madeline madhav madhu madhuri
mads mae magda magdalena maggie magnus mahesh mahmoud maisie makoto malcolm malik malika mallory mamadou mandeep mandy manfred
manish manisha manoj mansi manuel manuela mara marc marcel marcela marcelo marcia marcin marco marcos marcus margaret margarita
margaux margie margot maria mariah mariam mariana marianna marianne marie mariel marielle marilyn marina mario marion marisa
marissa marisol marit marius marjorie marko marlene marlon marsha marta martha martin martina martine marvin mary maryam masako
masashi massimo mateo mateus mateusz mathew mathias mathieu mathilde matias matilda matt matteo matthew matthias matthieu maude
maura maureen maurice mauricio mauro maxim maxime maximilian maxine maya mayank mayra mbali meera meg megan meghan mehdi mehmet
mei meike melanie melina melissa melvin mercedes meredith meryem mia micaela michael michaela michal micheal michel michele
michelle michiko miguel mihai mihir mika mikael mike mikhail mikko mila milan milena milos mina mindy ming minh minnie mira
miranda mireille miriam mirko mitch mitchell mitsuko moesha mohamed mohammad mohammed mohan mohit moises mollie molly mona
monica monika monique morgan moritz morten moses mostafa muhammad mukesh murali muriel murray musa mustafa myra myriam myrtle
nadia nadine nadira nagendra naima najib nancy nandini naoki naoko naomi narendra nasser natalia natalie nataliya natalya
natasha nate nathalie nathan nathaniel naveed naveen navin navneet neal ned neel neeraj neha neil nell nelly nelson nerea ngozi
nguyen nia niall nicholas nick nicki nicky nicola nicolas nicole nicoletta niels nigel nihal nikhil niki nikita nikki niko
nikola nikolai nikolaos nikos nils nina nisha nishant nitin niyati nkechi noah noel noelia noelle noemi noor nora norbert noreen
norma norman nuno nuria obi octavia odette ola oleg olga oliver olivia olivier oluwaseun olumide omar ondrej oren orla oscar
osman otis otto owen oyinkan ozan pablo padma paige paloma pam pamela pankaj paola paolo parth parvati pascal pascale patrice
patricia patrick patrik patrizia patsy patti patty paul paula paulette paulina pauline paulo pavel pawan pawel payal pedro peggy
penelope penny per pernille perry petar peter petr petra petros phil philip philipp philippa philippe phillip phoebe phyllis
piero pierre pieter pilar piotr pippa polly pooja prabhu pradeep prakash pranav prasad prashant pratik praveen preeti preston
priscilla pritam priti priya priyanka puja puneet purnima quentin quincy quinn rachael rachel rachelle radha radek radhika radu
rafael rafaela raffaele raghav rahul raina raj raja rajan rajat rajeev rajendra rajesh rajiv raju rakesh ralf ralph ram rama
ramesh ramiro ramon ramona ramya randall randi randolph randy rani ranjit raphael raquel rashad rashid rashmi raul ravi raymond
rebecca rebekah reena regina reginald reinhard reiko remy rena renata renate rene renee reuben reyansh reza rhea rhiannon rhonda
rhys ria ricardo riccardo richa richard rick ricky riley rita ritesh ritu riya robbie robert roberta roberto rocio rod roderick
rodney rodrigo roger rohan rohini rohit roisin roland rolf roman romain ron ronald ronan ronja ronnie roopa rory rosa rosalie
rosalind rosalyn rosanna rosario roseanne rosemary rosie roshan roslyn ross rowan rowena roxana roxanne roy ruben rudolf rudy
rufus rukmini rupa rupert ruslan russell ruth ryan ryo ryota sabina sabine sabrina sachin sadie sadia saeed safiya sahil said
saira sakshi salim sally salma salman salvador salvatore sam samantha samir samira sami sammy samuel sana sandeep sandhya sandra
sandrine sanjay sanjeev sanjiv santiago santosh sapna sara sarah sarika sasha saskia satish satoshi saul saurabh savita scott
sean seamus sebastian sebastien seema selena selin selina selma serena serge sergei sergey sergio seth severine seydou shabnam
shahid shaila shane shanice shankar shannon shanthi shari sharma sharon shashi shaun shauna shawn shawna sheela sheena sheila
shelby sheldon shelley shelly sheri sherri sherry shikha shilpa shinji shirin shirley shiv shiva shivam shivani shobha shreya
shruti shubham shyam sibongile sid siddharth sidney sienna sigrid silke silvia silvio simon simona simone sinead siobhan sipho
sina sneha sofia sofie solange solomon sonal sonali sonia sonja sonya sophia sophie soren spencer srinivas stacey staci
stacie stacy stanislav stanley stefan stefania stefanie stefano steffen stella sten stephan stephanie stephane stephen steve
steven stewart stuart subhash sudha sudhir suhas sujata suman sumit sunil sunita suraj suresh surya susan susana susanna susanne
sushil sushma susie suzanne suzy sven svetlana swati sybil sydney sylvain sylvia sylvie tabitha tadashi taiwo takashi takeshi
takumi talia tamar tamara tameka tamika tammy tania tanja tanvi tanya tara tarek tariq tarun tasha tatiana tatyana ted temitope
teodora terence teresa teri terrance terrell terrence terri terry tessa thabo thandi thea theo theodora theodore theresa therese
thiago thibault thierry thomas thorsten tia tiago tiffany tim timo timothy tina tobias toby todd tom tomas tomasz tomoko toni
tonia tony tonya torsten tracey traci tracy travis trevor tricia trina trish trisha tristan troy trudy tunde tushar ty tyra
tyrone uche uday ugo ulrich ulrike uma umar umesh ursula ute uwe vaibhav vaishali valentin valentina valeria valerie vanessa
vani varun vasily vasudha veena venkat vera verena verity vernon veronica veronika veronique vicki vickie vicky victor victoria
vidya vijay vikas vikram viktor viktoria vinay vince vincent vincenzo vineet vinita vinod viola violeta vipin viraj virat
virginie vishal vishnu vitor vivek vivian viviana vivienne vlad vladimir vojtech volker wahid walid wallace walter waltraud
wanda wanjiru warren wayne wei wen wendell wendy werner wesley whitney wilfred wilhelm willa william willie wilma winifred
winnie winston wojciech wolfgang wouter xander xavier ximena xin xiomara yael yara yasemin yash yasmin yasmine yasir yasuko
yelena yesenia yevgeny ying yogesh yolanda yosef youssef yuki yuko yuri yusuf yvan yvette yves yvonne zach zachary zack zahra
zain zainab zane zara zeynep zhang zhi zoe zoey zofia zoltan zsofia zuzana
""")

ALSO_WORDS = words("""
april august june may summer autumn dawn eve ivy rose grace hope faith joy will mark bill frank jack rob art max pat sue don
drew chase chad dean earl hunter mason carter cooper parker tyler taylor ray jay austin dallas houston paris charlotte jordan
madison savannah georgia virginia carolina jackson lincoln grant rich chip iris lily daisy violet ruby jade amber crystal pearl
melody harmony sierra glen dale cliff rusty sandy misty robin tanner miles rocky angel christian chelsea florence sydney milan
roman milan adele drake ariel aurora elsa mercedes dev said ram per zara chanel ken jun liv ola an ali kim rod ron ted tim tom
tony roger basil bashir clay clement ernest ginny hazel heather holly jasmine kay kirk lane lars lee leigh mae mike miles nick
olive otto penny perry polly rick rory ross roy rowan sage scott skye sterling troy wade wayne wren penny jan jean jules kumar
latoya lex lou lu mac mandy mika mina minnie ming mitch moses nana nelson nia nina noel norm oscar paige peg piper quincy raja
rene rio rita rod sam santiago saul sid solange stella sunny tess theo tia trinity ty vera viola wallace warren winston wesley
windsor xavier carmen celine beck bo lloyd mercury axel barry bruno cara cher dido enya eminem ella etta florence gaga halsey
jewel kelly kendrick khalid lana lorde madonna marley mariah moby muse rihanna rumer sade sia shakira selena shania tegan tori
usher vince whitney alicia britney justin kanye harry louis zayn niall olly elvis ozzy kesha kehlani kylie leona malik fergie
flo enrique bob billy christopher francisco diego antonio jose juan luis louis barbara monica maria martin jerry ben marina ava
milo nadal tina dolores carol cody madeline jersey alma regina helena salvador victoria alberta alexandria vienna brittany
carmel chester lincoln preston lancaster bradford stafford stanley stewart sheldon newton clinton kennedy melbourne adelaide
hamilton nelson wellington franklin trenton harris harsh wen sami ming ling mo ed le jen val vic mei xin hina ada uma ida ina
ira iman ria mara mira tara dana
""")
