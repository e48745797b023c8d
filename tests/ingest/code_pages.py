"""Small tables in many languages, and the code pages each of them is written in."""

import unicodedata

TONES = "\u0300\u0301\u0303\u0309\u0323"
TABLES = {
    "German": ("Name,Straße,Ort", "Jürgen Müller,Königsallee 5,Düsseldorf", "Käthe Weiß,Große Straße 12,Köln"),
    "French": ("Prénom,Métier,Ville", "Hélène Lefèvre,infirmière,Orléans", "François Hervé,ingénieur,Besançon"),
    "Spanish": ("Año,Compañía,País", "2019,Peña y Muñoz,España", "2020,Ibáñez Diseño,Perú"),
    "Polish": ("Imię,Zawód,Miasto", "Łukasz Wójcik,księgowy,Łódź", "Małgorzata Dąbrowska,nauczycielka,Gdańsk"),
    "Czech": ("Jméno,Příjmení,Město", "Jiří,Dvořák,Plzeň", "Růžena,Černá,Třebíč", "Zdeněk,Šťastný,Žďár"),
    "Hungarian": ("Név,Város,Fő", "Győző Kovács,Kőszeg,12", "Erzsébet Szűcs,Székesfehérvár,7"),
    "Turkish": ("İsim,Şehir,Ülke", "Ayşe Yıldız,İstanbul,Türkiye", "Çağrı Güneş,Eskişehir,Türkiye"),
    "Lithuanian": ("Vardas,Miestas,Šalis", "Žygimantas Kęstutis,Šiauliai,Lietuva", "Rūta Žemaitytė,Panevėžys,Lietuva"),
    "Latvian": ("Vārds,Pilsēta,Valsts", "Jānis Bērziņš,Rīga,Latvija", "Līga Kalniņa,Jūrmala,Latvija"),
    "Vietnamese": ("Tên,Thành phố,Nghề", "Nguyễn Văn Hùng,Hà Nội,kỹ sư", "Trần Thị Hương,Đà Nẵng,giáo viên"),
    "Russian": ("имя,город,возраст", "Иван Петров,Москва,31", "Мария Иванова,Санкт-Петербург,28"),
    "Greek": ("όνομα,πόλη,ηλικία", "Γιώργος Παπαδόπουλος,Αθήνα,31", "Μαρία Νικολάου,Θεσσαλονίκη,28"),
    "Hebrew": ("שם,עיר,גיל", "יוסף כהן,ירושלים,31", "מרים לוי,תל אביב,28"),
    "Arabic": ("الاسم,المدينة,العمر", "محمد علي,القاهرة,31", "فاطمة حسن,الإسكندرية,28"),
    "Thai": ("ชื่อ,เมือง,อายุ", "สมชาย ใจดี,กรุงเทพมหานคร,31", "สมหญิง รักไทย,เชียงใหม่,28"),
    "Japanese": ("名前,都市,年齢", "山田太郎さん,東京都,31", "鈴木花子さん,大阪市のカフェ,28"),
    "Chinese": ("姓名,城市,年龄", "王小明,北京市朝阳区,31", "李丽,上海市浦东新区,28"),
    "Taiwanese": ("姓名,城市,年齡", "王小明,臺北市大安區,31", "陳美麗,高雄市前鎮區,28"),
    "Korean": ("이름,도시,나이", "김민수,서울특별시,31", "이영희,부산광역시,28"),
}
UNICODE = tuple(f"utf_{bits}_{order}" for bits in (16, 32) for order in ("le", "be"))
CODE_PAGES = {
    "German": ("cp1252", "cp850"),
    "French": ("cp1252",),
    "Spanish": ("cp1252",),
    "Polish": ("cp1250", "iso8859_2"),
    "Czech": ("cp1250", "iso8859_2"),
    "Hungarian": ("cp1250",),
    "Turkish": ("cp1254",),
    "Lithuanian": ("cp1257",),
    "Latvian": ("cp1257",),
    "Vietnamese": ("cp1258",),
    "Russian": ("cp1251", "koi8_r", "cp866", "iso8859_5"),
    "Greek": ("cp1253",),
    "Hebrew": ("cp1255",),
    "Arabic": ("cp1256",),
    "Thai": ("cp874",),
    "Japanese": ("shift_jis", "euc_jp", "iso2022_jp"),
    "Chinese": ("gb18030",),
    "Taiwanese": ("big5",),
    "Korean": ("euc_kr",),
}


def table(language: str, times: int = 1) -> str:
    """A table as text, its rows repeated."""
    header, *rows = TABLES[language]
    return "\n".join([header, *rows * times, ""])


def encoded(text: str, encoding: str) -> bytes:
    """The text in an encoding; the code page of Vietnamese has the marks of tones apart from their letters."""
    if encoding != "cp1258":
        return text.encode(encoding)
    parts = (unicodedata.normalize("NFD", character) for character in text)
    apart = (_without(TONES, part) + "".join(mark for mark in part if mark in TONES) for part in parts)
    return "".join(apart).encode(encoding)


def _without(marks: str, part: str) -> str:
    return unicodedata.normalize("NFC", "".join(character for character in part if character not in marks))
