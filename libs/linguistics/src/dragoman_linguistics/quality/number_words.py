"""Values that words stand for: number words, ordinals, months, CJK and Roman numerals, fractions.

"two weeks in March"  →  2, 3        "二十一日"  →  21, 20, 1 …        "siglo XX"  →  20
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

# Twelve months, then from zero on as far as is usual in running text; forms of one value are parted by a stroke. A
# form that ends in * stands for all words that begin so: languages that inflect.
_MONTHS: dict[str, str] = {
    "en": "jan*|january feb* mar|march apr* may jun* jul* aug* sep* oct* nov* dec*",
    "de": "jan*|jän* feb* märz|mrz mai|april|apr mai jun* jul* aug* sep* okt* nov* dez*",
    "fr": "janv* févr*|fevr* mars avr* mai juin juil* août sept* oct* nov* déc*",
    "es": "ene* feb* mar|marzo abr* may|mayo jun* jul* ago* sep*|set* oct* nov* dic*",
    "pt": "jan* fev* mar|março abr* mai* jun* jul* ago* set* out* nov* dez*",
    "it": "genn*|gen febb*|feb marzo|mar apr* magg*|mag giu* lug* ago* set* ott* nov* dic*",
    "nl": "jan* feb* maart|mrt apr* mei jun* jul* aug* sep* okt* nov* dec*",
    "sv": "jan* feb* mars apr* maj jun* jul* aug* sep* okt* nov* dec*",
    "da": "jan* feb* marts|mars apr* maj|mai jun* jul* aug* sep* okt* nov* dec*|des*",
    "fi": "tammik* helmik* maalisk* huhtik* toukok* kesäk* heinäk* elok* syysk* lokak* marrask* jouluk*",
    "pl": "stycz* lut|luty|lutego|lutym mar* kwie* maj* czerw* lip* sierp* wrze* paźdz* listop* grud*",
    "cs": "led|leden|ledna|lednu únor* břez* dub* květ* červen|června|červnu červenec|července|července srp* září říj* "
    "listop* prosin*",
    "sk": "janu* febr* marec|marca|marci apr* máj* jún* júl* aug* sept* okt* nov* dec*",
    "ru": "янв* февр* март* апр* май|мая|мае|маю|маем июн* июл* авг* сент* окт* нояб* дек*",
    "uk": "січ* лют* берез* квіт* трав* черв* лип* серп* верес* жовт* листоп* груд*",
    "bg": "януари февр* март апр* май юни юли авг* септ* окт* ноем* дек*",
    "hr": "sij* velj* ožuj* trav* svib* lip* srp* kolov* ruj* listop* stud* prosin*",
    "sr": "jan*|јан* feb*|феб* mar*|мар* apr*|апр* maj*|мај* jun*|јун* jul*|јул* avg*|авг* sep*|сеп* okt*|окт* "
    "nov*|нов* dec*|дец*",
    "sl": "jan* feb* mar* apr* maj* jun* jul* avg* sep* okt* nov* dec*",
    "ro": "ian* feb* mar|martie apr* mai iun* iul* aug* sep* oct* noi* dec*",
    "hu": "jan* feb* márc* ápr* máj* jún* júl* aug* szept* okt* nov* dec*",
    "tr": "oca* şub* mar* nis* may* haz* tem* ağu* eyl* eki* kas* ara*",
    "el": "ιαν* φεβ* μαρ*|μάρ* απρ* μαϊ*|μάι* ιουν*|ιούν* ιουλ*|ιούλ* αυγ*|αύγ* σεπ* οκτ* νοε*|νοέ* δεκ*",
    "ca": "gen* feb* març abr* maig juny jul* ag* set* oct* nov* des*",
    "gl": "xan* feb* mar* abr* mai* xuñ* xul* ago* set* out* nov* dec*",
    "eu": "urtarril* otsail* martxo* apiril* maiatz* ekain* uztail* abuztu* irail* urri* azaro* abendu*",
    "et": "jaan* veeb* märts* apr* mai* juun* juul* aug* sept* okt* nov* dets*",
    "lt": "saus* vas* kov* bal* geg* birž* liep* rugpj* rugs* spal* lapkr* gruod*",
    "lv": "jan* feb* mart* apr* maij* jūn* jūl* aug* sept* okt* nov* dec*",
    "id": "jan* feb* mar|maret apr* mei jun* jul* agu* sep* okt* nov* des*",
    "ms": "jan* feb* mac apr* mei jun* jul* ogos* sep* okt* nov* dis*",
    "he": "ינואר*|בינואר פברואר*|בפברואר מרץ|במרץ אפריל|באפריל מאי|במאי יוני|ביוני יולי|ביולי אוגוסט|באוגוסט "
    "ספטמבר|בספטמבר אוקטובר|באוקטובר נובמבר|בנובמבר דצמבר|בדצמבר",
    "ar": "يناير|كانون فبراير|شباط مارس|آذار أبريل|إبريل|نيسان مايو|أيار يونيو|حزيران يوليو|تموز أغسطس|آب سبتمبر|أيلول "
    "أكتوبر|تشرين نوفمبر ديسمبر",
    "fa": "ژانویه فوریه مارس آوریل مه|می ژوئن ژوئیه|جولای اوت سپتامبر اکتبر نوامبر دسامبر",
    "hi": "जनवरी फ़रवरी|फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर|सितम्बर अक्टूबर|अक्तूबर नवंबर|नवम्बर दिसंबर|दिसम्बर",
    "th": "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
}
_COUNTS: dict[str, str] = {
    "en": "zero|no one|once|a|an|first|single two|twice|both|pair|second|double three|third*|triple|thrice four|fourth|"
    "quarter* five|fifth six|sixth seven|seventh eight|eighth nine|ninth ten|tenth eleven|eleventh twelve|twelfth|dozen* "
    "thirteen* fourteen* fifteen* sixteen* seventeen* eighteen* nineteen* twenty|twentieth",
    "de": "null ein*|erst* zwei*|beid*|doppel* drei*|dritt* vier* fünf* sech* sieb* acht* neun* zehn* elf* zwölf*|dutzend",
    "fr": "zéro|aucun* un|une|premi*|1er deux*|seconde*|double* trois*|tiers quatr*|quart* cinq* six* sept* huit* neuv*|neuf "
    "dix* onz* douz*",
    "es": "cero|ningún* un*|primer* dos|segund*|ambos|ambas|doble tres|tercer*|triple cuatro|cuart* cinco|quint* seis|sext* "
    "siete|séptim* ocho|octav* nueve|noven* diez|décim* once|undécim* doce*|docena*",
    "pt": "zero|nenhum* um|uma|primeir* dois|duas|segund*|ambos|ambas|dupl* três|terceir*|tripl* quatro|quart* cinco|quint* "
    "seis|sext* sete|sétim* oito|oitav* nove|non* dez|décim* onze doze|dúzia*",
    "it": "zero|nessun* un*|prim* due|second*|entramb*|doppi* tre|terz*|tripl* quattro|quart* cinque|quint* sei|sest* "
    "sette|settim* otto|ottav* nove|non* dieci|decim* undici dodici|dozzin*",
    "nl": "nul|geen een|één|eerste|eenmaal twee*|beide*|dubbel* drie*|derde* vier* vijf* zes* zeven* acht* negen* tien* elf* "
    "twaalf*|dozijn",
    "sv": "noll|ingen|inga en|ett|första två*|båda|andra|dubbel* tre*|tredje fyra|fjärde* fem* sex|sjätte sju* åtta|åttonde "
    "nio* tio* elva tolv",
    "da": "nul|null|ingen en|et|én|ett|ein|første to|begge|anden|andre|dobbel* tre*|tredje fire|fjerde fem* seks*|sjette syv*|sju* "
    "otte*|åtte* ni* ti|tiende elleve tolv",
    "fi": "nolla yksi|yhden|yhtä|ensim* kaksi|kahden|kahta|kahdes*|toi* kolm* neljä* viisi|viiden|viittä|viide* kuu*|kuude* "
    "seits* kahdeks* yhdeks* kymmen*",
    "pl": "zero jed*|pierwsz* dwa|dwie|dwóch|dwu*|drug*|oba* trzy|trzech|trzec* czter*|czwart* pięć|pięci*|piąt* "
    "sześ*|szóst* siedem*|siedm*|siódm* osiem*|ośm*|ósm* dziewię*|dziewią* dziesię*|dziesią* jedenaś* dwanaś*|tuzin*",
    "cs": "nula|nul* jed*|prvn* dva|dvě|dvou|dvěma|druh*|oba tři|tří|třem|třet* čtyř*|čtvr* pět*|pát* šest* sed* osm* "
    "devět*|devít*|devát* deset*|desít*|desát* jedenáct* dvanáct*",
    "sk": "nula|nul* jed*|prv* dva|dve|dvoch|dvom*|druh*|oba tri|troch|tret* štyr*|štvr* päť*|piat* šesť*|šiest* sedem*|siedm* "
    "osem*|ôsm* deväť*|deviat* desať*|desiat* jedenásť* dvanásť*",
    "ru": "нол*|нул* од*|перв* дв*|втор*|оба|обе|обои* три|тре*|трё*|трем* четыр*|четв* пят* шест* сем*|седьм* восем*|восьм* "
    "девят* десят* одиннадцат* двенадцат*",
    "uk": "нул* од*|перш* дв*|друг*|обид* три|тре*|трь* чотир*|четв* п'ят*|п’ят* шіст*|шест*|шост* сім*|сем*|сьом* вісім*|восьм* "
    "дев'ят*|дев’ят* десят* одинадц* дванадц*",
    "bg": "нул* ед*|първ* дв*|втор* три*|трет* чет* пет* шест* седе*|седм* осе*|осм* девет* десет* единадес* дванадес*",
    "hr": "nul* jed*|prv* dva|dvije|dvoje|dvaju|drug*|oba* tri|triju|treć* četir*|četv* pet* šest* sed* osa*|osm* devet* deset* "
    "jedanaest* dvanaest*",
    "sr": "nul*|нул* jed*|један*|једн*|prv*|прв* dva|dve|dvoje|два|две|drug*|друг* tri|три|treć*|трећ* četir*|четири|četv*|четв* "
    "pet*|пет* šest*|шест* sed*|сед* osa*|осам|осм* devet*|девет* deset*|десет* jedanaest*|једанаест* dvanaest*|дванаест*",
    "sl": "nič|nič* en|ena|eno|enega|prv* dva|dve|dveh|drug* tri|treh|tret* štir*|četrt* pet* šest* sedem*|sedm* osem*|osm* devet* "
    "deset* enajst* dvanajst*",
    "ro": "zero un|o|una|prim* doi|două|doua|ambel* trei|treia patru|patra cinci* șase*|şase* șapte*|şapte* opt* nouă* zece* "
    "unsprezece doisprezece|duzin*",
    "hu": "nulla egy*|első* két*|kett*|második*|mindkét* három*|harmad* négy*|negyed* öt* hat* hét|hete*|hetedik nyolc* kilenc* "
    "tíz* tizenegy* tizenkett*|tucat",
    "tr": "sıfır bir*|ilk iki* üç* dört* beş* altı* yedi* sekiz* dokuz* on|onuncu onbir* oniki*",
    "el": "μηδέν έν*|ένα*|μία|μια|πρώτ* δύο|δυο|δεύτερ*|δι* τρ* τέσσ*|τέταρτ* πέντε|πέμπτ* έξι|έκτ* επτά|εφτά|έβδομ* "
    "οκτώ|οχτώ|όγδο* εννέα|εννιά|ένατ* δέκα|δέκατ* έντεκα δώδεκα",
    "ca": "zero|cap un|una|primer* dos|dues|segon*|amb* tres|tercer* quatre|quart* cinc* sis* set* vuit* nou* deu|desè onze dotze",
    "gl": "cero un|unha|primeir* dous|dúas|segund*|amb* tres|terceir* catro|cuart* cinco|quint* seis|sext* sete|sétim* oito|oitav* "
    "nove dez once doce",
    "eu": "zero bat*|lehen* bi|bigarren*|bi* hiru* lau* bost* sei* zazpi* zortzi* bederatzi* hamar* hamaika* hamabi*",
    "et": "null üks|ühe*|ühte|esim* kaks|kahe*|kaht*|tei* kolm* neli|nelja*|nelj* viis|viie* kuus|kuue* seitse* kaheksa* üheksa* kümme*|"
    "kümne*",
    "lt": "nul* vien*|pirm* du|dvi|dviej*|antr* tr* ketur*|ketv* penk* šeš* septyn* aštuon* devyn* dešimt* vienuolik* dvylik*",
    "lv": "null* vien*|pirm* div*|otr* tr* četr*|cetur* pie* seš*|sest* septi* astoņ* deviņ* desmit* vienpadsmit* divpadsmit*",
    "id": "nol satu|se*|pertama|sebuah dua|kedua tiga|ketiga empat lima enam tujuh delapan|lapan sembilan sepuluh sebelas",
    "ms": "sifar satu|se*|pertama dua|kedua tiga|ketiga empat lima enam tujuh lapan|delapan sembilan sepuluh sebelas",
    "vi": "không một|mốt|nhất hai|đôi|nhì ba bốn|tư năm|lăm sáu bảy|bẩy tám chín mười",
    "he": "אפס אחד|אחת|ראשו* שני*|שתי*|שנ*|פעמיים שלוש*|שליש* ארבע*|רביע* חמש*|חמיש* שש*|שיש* שבע*|שביע* שמונה|שמינ* תשע* עשר* "
    "אחת-עשרה שתים-עשרה",
    "ar": "صفر واحد*|أول*|الأول* اثن*|إثن*|ثاني*|الثاني*|كلا*|مرتين ثلاث*|ثالث*|الثالث* أربع*|رابع*|الرابع* خمس*|خامس*|الخامس* "
    "ست*|سادس*|السادس* سبع*|سابع*|السابع* ثماني*|ثمان*|ثامن*|الثامن* تسع*|تاسع*|التاسع* عشر*|عاشر*|العاشر*",
    "fa": "صفر یک*|اول* دو|دوم*|هردو سه|سوم* چهار* پنج* شش* هفت* هشت* نه|نهم ده|دهم یازده* دوازده*",
    "hi": "शून्य एक|पहल* दो|दूसर*|दोनों तीन|तीसर* चार|चौथ* पाँच*|पांच* छह|छः|छठ* सात* आठ* नौ|नौव* दस|दसव* ग्यारह बारह",
    "th": "ศูนย์ หนึ่ง|แรก|เดียว สอง|คู่ สาม สี่ ห้า หก เจ็ด แปด เก้า สิบ",
    "ko": "영 하나|한|첫|일 둘|두|이 셋|세|삼 넷|네|사 다섯|오 여섯|육 일곱|칠 여덟|팔 아홉|구 열|십 열한|십일 열두|십이",
}
_SAME_WORDS = {"nb": "da", "nn": "da", "no": "da", "bs": "sr", "sh": "sr", "mk": "bg", "be": "ru", "cmn": "zh"}
_UNBOUND = frozenset({"th", "ko", "zh", "ja", "yue", "lo", "km", "my"})
"""Languages whose number words are found inside other words, as nothing parts them."""
_HALVES = re.compile(
    r"\b(?:half|halves|hal[bf]\w*|demi\w*|moitié|medi[oa]s?|mitad|mei[oa]s?|metade|mezz[oa]|metà|pół\w*|půl\w*|пол\w*|halv\w*"
    r"|fél\w*|yarım|jumătate|μισ\w*|setengah|نصف|חצי|आध\w*)|半|반|ครึ่ง|절반",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ROMAN = re.compile(
    r"(?<![\w])(?=[IVXLCDM])(M{0,3})(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})(?:e|er|è|ème|-?(?:го|й|м))?(?![\w])"
)
_ROMAN_VALUES = {
    "M": 1000, "MM": 2000, "MMM": 3000, "C": 100, "CC": 200, "CCC": 300, "CD": 400, "D": 500, "DC": 600, "DCC": 700,
    "DCCC": 800, "CM": 900, "X": 10, "XX": 20, "XXX": 30, "XL": 40, "L": 50, "LX": 60, "LXX": 70, "LXXX": 80, "XC": 90,
    "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "": 0,
}  # fmt: skip
_HAN_DIGITS = {character: value for value, form in enumerate("〇一二三四五六七八九") for character in form} | {
    "零": 0, "两": 2, "兩": 2, "両": 2, "壱": 1, "弐": 2, "参": 3, "双": 2, "雙": 2, "首": 1, "初": 1, "单": 1, "單": 1,
}  # fmt: skip
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
_HAN = re.compile(f"[{''.join(_HAN_DIGITS)}{''.join(_HAN_UNITS)}]+")
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "hundred": 100, "hundreds": 100, "thousand": 1000, "thousands": 1000, "million": 10**6, "billion": 10**9,
    "zwanzig": 20, "dreißig": 30, "hundert": 100, "tausend": 1000, "vingt": 20, "trente": 30, "cent": 100, "mille": 1000,
    "veinte": 20, "treinta": 30, "cien": 100, "ciento": 100, "mil": 1000, "vinte": 20, "trinta": 30, "cem": 100,
    "venti": 20, "trenta": 30, "cento": 100, "двадцать": 20, "тридцать": 30, "сто": 100, "тысяча": 1000,
    "twintig": 20, "dertig": 30, "honderd": 100, "duizend": 1000, "tjugo": 20, "trettio": 30, "hundra": 100,
    "tusen": 1000, "half": 30, "quarter": 15, "semester": 6, "fortnight": 14, "decade": 10, "century": 100,
    "weekly": 7, "week": 7,
}  # fmt: skip


@cache
def _words_of(language: str) -> tuple[dict[str, frozenset[int]], tuple[tuple[str, int], ...]]:
    """The words of a language with their values, and the beginnings of words."""
    exact: dict[str, set[int]] = {}
    stems: list[tuple[str, int]] = []
    for table, first in ((_MONTHS, 1), (_COUNTS, 0)):
        for value, forms in enumerate(table.get(language, "").split(), first):
            for form in forms.split("|"):
                if form.endswith("*"):
                    stems.append((form[:-1], value))
                else:
                    exact.setdefault(form, set()).add(value)
    return {word: frozenset(values) for word, values in exact.items()}, tuple(stems)


def knows(language: str) -> bool:
    """Whether number words of a language are known; those of others are given the benefit of the doubt."""
    language = _SAME_WORDS.get(language, language)
    return not language or language in _COUNTS or language in {"zh", "ja", "yue"}


def values_in_words(text: str, languages: Iterable[str]) -> frozenset[int]:
    """The whole numbers that words and numerals of a text may stand for, in any of the languages."""
    found: set[int] = set()
    folded = unicodedata.normalize("NFC", text).casefold()
    words = {part for word in _WORD.findall(folded) for part in (word, *re.split("['’-]", word))}
    found.update(value for word in words if (value := _TENS.get(word)) is not None)
    for language in {_SAME_WORDS.get(each, each) for each in languages}:
        exact, stems = _words_of(language)
        if language in _UNBOUND:
            found.update(value for form, values in exact.items() if form in folded for value in values)
        for word in words:
            found |= exact.get(word, frozenset())
            found.update(value for stem, value in stems if word.startswith(stem))
    for match in _ROMAN.finditer(text):
        found.add(sum(_ROMAN_VALUES[part] for part in match.groups()))
    if not text.isascii():
        found |= _in_characters(text)
    if _HALVES.search(text):
        found |= {30, 1, 2, 5}
    return frozenset(found - {0}) | ({0} if 0 in found else frozenset())


def has_half(text: str) -> bool:
    """Whether a word of a text means a half."""
    return _HALVES.search(text) is not None


def _in_characters(text: str) -> set[int]:
    """Values of CJK numerals, and of single characters that are digits raised, lowered or in circles, or fractions."""
    found: set[int] = set()
    for match in _HAN.finditer(text):
        found |= _han_values(match.group())
    for character in set(text):
        if not character.isascii() and unicodedata.category(character) == "No":
            for part in re.findall(r"\d+", unicodedata.normalize("NFKC", character)):
                found.add(int(part))
    return found


def _han_values(numeral: str) -> set[int]:
    """What a CJK numeral can mean: its value by units, its digits read one by one, and each character alone."""
    found = {_HAN_DIGITS.get(character, _HAN_UNITS.get(character, 0)) for character in numeral}
    total = section = digit = 0
    for character in numeral:
        unit = _HAN_UNITS.get(character)
        if unit is None:
            digit = digit * 10 + _HAN_DIGITS[character] if digit else _HAN_DIGITS[character]
        elif unit < 10**4:
            section, digit = section + (digit or 1) * unit, 0
        else:
            total, section, digit = total + (section + digit or 1) * unit, 0, 0
    return found | {total + section + digit}
