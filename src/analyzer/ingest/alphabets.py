"""Which letters beyond ASCII a language has, and by them which code page a text of it is in.

A code page explains a text if all its letters are those of one language that is written in it. Where just one reading
of the bytes is explained, that is it; where several are, the letters do not tell.
"""

import codecs
import re

LETTERS = {
    "Croatian": "čćđšž",
    "Czech": "áčďéěíňóřšťúůýž",
    "Danish and Norwegian": "åæøéèêòóôüäö",
    "Dutch": "äëïöüéèêóáí",
    "Estonian": "äöõüšž",
    "French": "éèêëàâîïôûùüÿçæœ",
    "German": "äöüß",
    "Hungarian": "áéíóöőúüű",
    "Icelandic": "áðéíóúýþæö",
    "Italian": "àèéìíîòóùú",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčęėįšųūž",
    "Polish": "ąćęłńóśźż",
    "Portuguese": "áâãàçéêíóôõúü",
    "Romanian": "ăâîşţ",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Spanish": "áéíóúñü",
    "Swedish and Finnish": "åäöéü",
    "Turkish": "çğıöşüâîû",
    "Vietnamese": "ăâêôơưđáàéèíóúù\u0300\u0301\u0303\u0309\u0323",
}
WEST = ("German", "French", "Spanish", "Italian", "Portuguese", "Swedish and Finnish", "Danish and Norwegian")
MIDDLE = ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian")
LANGUAGES = {
    "cp1252": (*WEST, "Icelandic", "Dutch", "Estonian"),
    "cp1250": MIDDLE,
    "cp1254": ("Turkish",),
    "cp1257": ("Lithuanian", "Latvian", "Estonian"),
    "cp1258": ("Vietnamese",),
    "iso8859_2": MIDDLE,
    "cp850": WEST,
    "mac_roman": WEST,
}
SIGNS = frozenset("\u00a0–—‘’“”„«»…·•°§€£©®™")
ALPHABETS = {
    page: tuple(frozenset(LETTERS[name] + LETTERS[name].upper().replace("I", "İ")) for name in languages)
    for page, languages in LANGUAGES.items()
}
FEWEST_LETTERS = 4
"""With fewer different letters, too many languages explain a text."""
MISPLACED = re.compile(
    "(?<=[a-zß-öø-ÿāăąćĉċčďđēėęěğģīįıķļľłńņňőœŕřśşšţťūůűųźżž])[À-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĻĽŁŃŅŇŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽ]"
    "|(?<![A-Za-zăâêôơưĂÂÊÔƠƯ])[\u0300-\u0323]"
)
"""A capital behind a small letter, and a mark without a letter below it."""

THAI_LETTERS = "\u0e01-\u0e2e"
THAI_MARK = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
THAI_MISPLACED = re.compile(f"(?<![{THAI_LETTERS}\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
FEWEST_THAI = 20

FREQUENT_KANJI = frozenset(
    "日一国人年大十二本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半"
    "男西電校語土木聞食車何南万毎白天母火右読友左休父雨会同事自社発者地業方新場員立開手力問代明動京目通言理体田主題"
    "意不作用度強公持野以思家世多正安院心界教文元重近考画海売知道集別物使品計死特私始朝運終台広住真有口少町料工建空"
    "急止送切転研足究楽起着店病質待試族銀早映親験英医仕去味写字答夜音注帰古歌買悪図週室歩風紙黒花春赤青館屋色走秋夏"
    "習駅洋旅服夕借曜飲肉貸堂鳥飯勉冬昼茶弟牛魚兄犬妹姉漢県市区村郎藤佐鈴伊渡辺斎森林松井原橋池阪都府岡島崎"
)
FREQUENT_HANZI = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多"
    "定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因"
    "由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解"
    "问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少"
    "图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七"
    "海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目"
    "至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算"
    "低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精"
    "值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该"
    "铁价严李刘陈杨黄赵吴周徐孙朱胡郭何罗州城姓龄津岛苏浙"
)


def page_by_letters(sample: bytes) -> str | None:
    """The code page under which the text has just the letters of one language; None where that is not clear."""
    readings: dict[str, str] = {}
    for page, alphabets in ALPHABETS.items():
        try:
            text = sample.decode(page)
        except UnicodeDecodeError:
            continue
        letters = {character for character in text if ord(character) > 127} - SIGNS
        explained = any(letters <= alphabet for alphabet in alphabets)
        if len(letters) >= FEWEST_LETTERS and explained and not MISPLACED.search(text):
            readings.setdefault(text, page)
    return next(iter(readings.values())) if len(readings) == 1 else None


def is_thai(sample: bytes) -> bool:
    """Whether the bytes are Thai in its code page: all are defined there, and its marks stand on letters."""
    try:
        text = sample.decode("cp874")
    except UnicodeDecodeError:
        return False
    thai = [character for character in text if "\u0e01" <= character <= "\u0e5b"]
    beyond = sum(1 for character in text if ord(character) > 127)
    letters = sum(1 for character in thai if character <= "\u0e2e")
    marks = len(THAI_MARK.findall(text))
    return (
        len(thai) >= FEWEST_THAI
        and len(thai) > 0.9 * beyond
        and 0.4 * len(thai) < letters
        and marks > 0
        and len(THAI_MISPLACED.findall(text)) <= marks / 50
    )


def is_japanese(sample: bytes) -> bool:
    """Whether bytes that could be Chinese in GB 18030 are Japanese in EUC: by how many of the characters are usual."""
    try:
        japanese, chinese = (codecs.getincrementaldecoder(page)().decode(sample) for page in ("euc_jp", "gb18030"))
    except UnicodeDecodeError:
        return False
    usual = sum(1 for character in japanese if character in FREQUENT_KANJI)
    return usual > 2 + 2 * sum(1 for character in chinese if character in FREQUENT_HANZI)
