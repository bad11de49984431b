"""The hand-written words and sentences from which `phrases` makes its rows.

Every entry was written for this project, in English, German, French and Czech, and was not reviewed by native
speakers. Nothing in these tables comes from a corpus.
"""

from __future__ import annotations

# One noun a line: English | German | French | Czech | flag. The letter before a noun is its grammatical
# gender (m, f, n); a German noun after a slash is its accusative where that differs; the flag `a` marks the
# animate.
NOUNS = """
man|m Mann|m homme|m muž|a
woman|f Frau|f femme|f žena|a
boy|m Junge/Jungen|m garçon|m chlapec|a
girl|n Mädchen|f fille|f dívka|a
child|n Kind|m enfant|n dítě|a
person|f Person|f personne|f osoba|a
dog|m Hund|m chien|m pes|a
cat|f Katze|m chat|f kočka|a
horse|n Pferd|m cheval|m kůň|a
bird|m Vogel|m oiseau|m pták|a
cow|f Kuh|f vache|f kráva|a
sheep|n Schaf|m mouton|f ovce|a
elephant|m Elefant/Elefanten|m éléphant|m slon|a
car|n Auto|f voiture|n auto|
bus|m Bus|m bus|m autobus|
truck|m Lastwagen|m camion|m kamion|
train|m Zug|m train|m vlak|
bicycle|n Fahrrad|m vélo|n kolo|
motorcycle|n Motorrad|f moto|f motorka|
boat|n Boot|m bateau|f loď|
airplane|n Flugzeug|m avion|n letadlo|
table|m Tisch|f table|m stůl|
chair|m Stuhl|f chaise|f židle|
bench|f Bank|m banc|f lavička|
bed|n Bett|m lit|f postel|
sofa|n Sofa|m canapé|f pohovka|
window|n Fenster|f fenêtre|n okno|
house|n Haus|f maison|m dům|
building|n Gebäude|m bâtiment|f budova|
tree|m Baum|m arbre|m strom|
flower|f Blume|f fleur|f květina|
ball|m Ball|m ballon|m míč|
shirt|n Hemd|f chemise|f košile|
jacket|f Jacke|f veste|f bunda|
hat|m Hut|m chapeau|m klobouk|
bag|f Tasche|m sac|f taška|
umbrella|m Regenschirm|m parapluie|m deštník|
plate|m Teller|f assiette|m talíř|
cup|f Tasse|f tasse|m hrnek|
glass|n Glas|m verre|f sklenice|
bottle|f Flasche|f bouteille|f láhev|
knife|n Messer|m couteau|m nůž|
fork|f Gabel|f fourchette|f vidlička|
spoon|m Löffel|f cuillère|f lžíce|
pizza|f Pizza|f pizza|f pizza|
cake|m Kuchen|m gâteau|m dort|
apple|m Apfel|f pomme|n jablko|
banana|f Banane|f banane|m banán|
phone|n Telefon|m téléphone|m telefon|
computer|m Computer|m ordinateur|m počítač|
book|n Buch|m livre|f kniha|
lamp|f Lampe|f lampe|f lampa|
wall|f Wand|m mur|f zeď|
floor|m Boden|m sol|f podlaha|
street|f Straße|f rue|f ulice|
fence|m Zaun|f clôture|m plot|
sign|n Schild|m panneau|f značka|
surfboard|n Surfbrett|f planche de surf|n surfové prkno|
skateboard|n Skateboard|m skateboard|m skateboard|
guitar|f Gitarre|f guitare|f kytara|
camera|f Kamera|m appareil photo|m fotoaparát|
helmet|m Helm|m casque|f helma|
box|f Kiste|f boîte|f krabice|
flag|f Flagge|m drapeau|f vlajka|
"""

# One colour a line: English | German | French m,f | Czech m,f,n. German predicative adjectives do not
# inflect.
COLOURS = """
red|rot|rouge,rouge|červený,červená,červené
blue|blau|bleu,bleue|modrý,modrá,modré
green|grün|vert,verte|zelený,zelená,zelené
yellow|gelb|jaune,jaune|žlutý,žlutá,žluté
black|schwarz|noir,noire|černý,černá,černé
white|weiß|blanc,blanche|bílý,bílá,bílé
brown|braun|marron,marron|hnědý,hnědá,hnědé
gray|grau|gris,grise|šedý,šedá,šedé
orange|orange|orange,orange|oranžový,oranžová,oranžové
pink|rosa|rose,rose|růžový,růžová,růžové
"""

# Answers and sentences that fit no template: English | German | French | Czech. Order matters to
# `phrases.rows`.
FIXED = """
yes|ja|oui|ano
no|nein|non|ne
left|links|gauche|vlevo
right|rechts|droite|vpravo
on the left|auf der linken Seite|à gauche|vlevo
on the right|auf der rechten Seite|à droite|vpravo
one|eins|un|jedna
two|zwei|deux|dva
three|drei|trois|tři
four|vier|quatre|čtyři
five|fünf|cinq|pět
six|sechs|six|šest
outdoors|draußen|dehors|venku
indoors|drinnen|à l'intérieur|uvnitř
sunny|sonnig|ensoleillé|slunečno
cloudy|bewölkt|nuageux|oblačno
day|Tag|jour|den
night|Nacht|nuit|noc
winter|Winter|hiver|zima
summer|Sommer|été|léto
wood|Holz|bois|dřevo
metal|Metall|métal|kov
glass|Glas|verre|sklo
water|Wasser|eau|voda
snow|Schnee|neige|sníh
grass|Gras|herbe|tráva
beach|Strand|plage|pláž
kitchen|Küche|cuisine|kuchyně
park|Park|parc|park
sky|Himmel|ciel|obloha
football|Fußball|football|fotbal
tennis|Tennis|tennis|tenis
baseball|Baseball|baseball|baseball
Yes.|Ja.|Oui.|Ano.
No.|Nein.|Non.|Ne.
How many people are there?|Wie viele Personen gibt es?|Combien de personnes y a-t-il ?|Kolik je tam lidí?
How many people are in the picture?|Wie viele Personen sind auf dem Bild?|\
Combien de personnes y a-t-il sur l'image ?|Kolik lidí je na obrázku?
How many dogs are in the picture?|Wie viele Hunde sind auf dem Bild?|\
Combien de chiens y a-t-il sur l'image ?|Kolik psů je na obrázku?
How many children are in the picture?|Wie viele Kinder sind auf dem Bild?|\
Combien d'enfants y a-t-il sur l'image ?|Kolik dětí je na obrázku?
How many men are in the picture?|Wie viele Männer sind auf dem Bild?|\
Combien d'hommes y a-t-il sur l'image ?|Kolik mužů je na obrázku?
How many women are in the picture?|Wie viele Frauen sind auf dem Bild?|\
Combien de femmes y a-t-il sur l'image ?|Kolik žen je na obrázku?
How many cars are there?|Wie viele Autos gibt es?|Combien de voitures y a-t-il ?|Kolik je tam aut?
What is in the picture?|Was ist auf dem Bild?|Qu'y a-t-il sur l'image ?|Co je na obrázku?
What is in the background?|Was ist im Hintergrund?|Qu'y a-t-il à l'arrière-plan ?|Co je v pozadí?
What is this?|Was ist das?|Qu'est-ce que c'est ?|Co je to?
Who is in the picture?|Wer ist auf dem Bild?|Qui est sur l'image ?|Kdo je na obrázku?
What are they doing?|Was machen sie?|Que font-ils ?|Co dělají?
What are the people doing?|Was machen die Leute?|Que font les gens ?|Co dělají lidé?
What is he doing?|Was macht er?|Que fait-il ?|Co dělá?
What is she wearing?|Was trägt sie?|Que porte-t-elle ?|Co má na sobě?
What is he wearing?|Was trägt er?|Que porte-t-il ?|Co má na sobě?
What is the weather like?|Wie ist das Wetter?|Quel temps fait-il ?|Jaké je počasí?
What time of day is it?|Welche Tageszeit ist es?|Quel moment de la journée est-ce ?|Jaká je denní doba?
What sport is this?|Welche Sportart ist das?|Quel sport est-ce ?|Jaký je to sport?
What animal is this?|Welches Tier ist das?|Quel animal est-ce ?|Jaké je to zvíře?
Where was this picture taken?|Wo wurde dieses Bild aufgenommen?|Où cette photo a-t-elle été prise ?|\
Kde byl tento obrázek pořízen?
Where are the people?|Wo sind die Leute?|Où sont les gens ?|Kde jsou lidé?
Is it raining?|Regnet es?|Est-ce qu'il pleut ?|Prší?
Is it sunny?|Ist es sonnig?|Est-ce qu'il fait beau ?|Je slunečno?
Are there any people in the picture?|Sind Personen auf dem Bild?|Y a-t-il des personnes sur l'image ?|\
Jsou na obrázku lidé?
Are there any animals in the picture?|Sind Tiere auf dem Bild?|Y a-t-il des animaux sur l'image ?|\
Jsou na obrázku zvířata?
Is this photo indoors or outdoors?|Ist dieses Foto drinnen oder draußen?|\
Cette photo est-elle prise à l'intérieur ou à l'extérieur ?|Je tato fotka uvnitř nebo venku?
Describe the image.|Beschreibe das Bild.|Décris l'image.|Popiš obrázek.
What color is the sky?|Welche Farbe hat der Himmel?|De quelle couleur est le ciel ?|Jakou barvu má obloha?
What color is the grass?|Welche Farbe hat das Gras?|De quelle couleur est l'herbe ?|Jakou barvu má tráva?
Two people are talking to each other.|Zwei Personen unterhalten sich.|Deux personnes se parlent.|\
Dva lidé spolu mluví.
"""
