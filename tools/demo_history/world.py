"""The invented maker of industrial equipment that the demo plays: who works there, what it sells, its rules.

Everything here is made up; names of persons are common names of their languages.
"""
from datetime import date

TENANT = dict(tenant_id="hermon", display_name="Hermon Pumps & Compressors", zone="Asia/Jerusalem",
              currency="ILS", region="IL")
FIRST_DAY = date(2024, 11, 3)
LAST_DAY = date(2026, 10, 29)

UNITS = [("company", "Hermon"), ("home", "Home market"), ("europe", "Europe and CIS"), ("asia", "Asia and Gulf")]
TEAMS = [("haifa", "Haifa", "home"), ("negev", "Negev", "home"), ("moscow", "Москва", "europe"),
         ("munich", "München", "europe"), ("lyon", "Lyon", "europe"), ("dubai", "دبي", "asia"),
         ("shanghai", "上海", "asia"), ("service", "Service desk", "home")]
# From this day on the Lyon team belongs to the home market: reports restate from it.
TEAM_MOVE = ("lyon", "home", date(2025, 9, 1))

PEOPLE = {
    "haifa": ["Ann Levi", "דוד כהן", "נועה ברק", "יוסי מזרחי", "Michael Adler", "תמר שלום", "אורי גולן"],
    "negev": ["רחל אברהם", "Omar Nasser", "איתן פרץ", "שרה ביטון", "Lior Amit", "מאיה דיין"],
    "moscow": ["Дмитрий Орлов", "Ольга Семёнова", "Иван Кузнецов", "Елена Белова", "Артём Зайцев", "Анна Крылова"],
    "munich": ["Jürgen Weiß", "Katrin Vogel", "Stefan Krämer", "Ulrike Baum", "Lukas Hofer", "Sabine Roth"],
    "lyon": ["Élodie Martin", "Luc Moreau", "Chloé Petit", "Hugo Garnier", "Inès Fabre", "Paul Leroy"],
    "dubai": ["فاطمة الزهراء", "خالد منصور", "ليلى حداد", "يوسف النجار", "سارة عيسى", "عمر القاسم"],
    "shanghai": ["王伟", "李娜", "张敏", "刘洋", "陈静", "赵磊", "周婷"],
    "service": ["Gal Peled", "Мария Власова", "Tom Becker", "مريم صالح", "吴芳", "Noga Tal"],
}
CURRENCY = {"haifa": "ILS", "negev": "ILS", "moscow": "EUR", "munich": "EUR", "lyon": "EUR", "dubai": "USD",
            "shanghai": "CNY", "service": "ILS"}

PRODUCTS = [("p100", "Centrifugal pump HP-100", "pumps", 42000), ("p250", "Centrifugal pump HP-250", "pumps", 96000),
            ("p900", "Slurry pump HP-900", "pumps", 310000), ("c20", "Screw compressor HC-20", "compressors", 58000),
            ("c75", "Screw compressor HC-75", "compressors", 164000), ("c300", "Turbo compressor HC-300", "compressors", 690000),
            ("v1", "Vacuum set HV-1", "vacuum", 75000), ("s1", "Spare part kit", "service", 6500),
            ("s2", "Maintenance contract", "service", 18000)]

SOURCES = [("web_form", 34), ("phone", 18), ("referral", 14), ("exhibition", 9), ("email", 12), ("linkedin", 8), ("", 5)]
REASONS = ["budget_gap", "needs_not_understood", "competitor_offer", "communication_not_kept", "project_stopped"]
AREAS = ["water", "mining", "food", "chemistry", "energy"]

CUSTOMERS = {
    "haifa": ["Carmel Water Works", "מפעלי הצפון", "Galil Foods", "כימיקלים לבנט"],
    "negev": ["Negev Minerals", "מכרות הדרום", "Arava Solar", "מי הדרום"],
    "moscow": ["ООО «Водоканал-Сервис»", "АО «Уралхимпром»", "ЗАО «Молоко»", "ООО «Горное дело»"],
    "munich": ["Isar Wasser GmbH", "Alpen Chemie AG", "Brauerei Sonnhof", "Donau Energie GmbH"],
    "lyon": ["Eaux du Rhône", "Chimie Sud SA", "Laiterie des Monts", "Énergie Savoie"],
    "dubai": ["شركة مياه الخليج", "Gulf Desalination LLC", "مصنع النور", "Emirates Food Works"],
    "shanghai": ["长江水务", "华东化工", "上海食品", "东海能源"],
    "service": ["Carmel Water Works", "Negev Minerals", "Galil Foods"],
}
CONTACTS = {
    "haifa": ["יעל רוזן", "Amir Saad", "דניאל שור"], "negev": ["חנה לוי", "Sami Haddad", "רון כץ"],
    "moscow": ["Сергей Фёдоров", "Наталья Громова", "Павел Рыбаков"],
    "munich": ["Heike Schröder", "Max Bauer", "Jörg Lang"], "lyon": ["Camille Roux", "Noël Faure", "Zoé Blanc"],
    "dubai": ["أحمد الشامي", "نور الحسن", "John Mathew"], "shanghai": ["孙丽", "徐强", "马超"],
    "service": ["Dana Gil", "Boris Klein", "רינה אור"],
}

STAGES = [  # id, labels, meaning, probability of the open ones in basis points
    ("potential", dict(en="Potential", he="פוטנציאל", ar="محتمل", ru="Потенциал", zh="潜在"), 0, 1000),
    ("offer", dict(en="Offer", he="הצעה", ar="عرض", ru="Предложение", zh="报价"), 0, 2000),
    ("order", dict(en="Order", he="הזמנה", ar="طلب", ru="Заказ", zh="订单"), 0, 4000),
    ("won", dict(en="Won", he="נסגר בהצלחה", ar="مكسوبة", ru="Выиграна", zh="赢单"), 1, 10000),
    ("in_work", dict(en="In work", he="בביצוע", ar="قيد التنفيذ", ru="В работе", zh="执行中"), 3, None),
    ("waiting", dict(en="Waiting", he="בהמתנה", ar="بالانتظار", ru="Ожидание", zh="等待"), 3, None),
    ("lost", dict(en="Lost", he="אבוד", ar="خاسرة", ru="Проиграна", zh="丢单"), 2, None),
]
# One unit in shekels at the beginning; drifts a little every month.
RATES = {"EUR": 4.02, "USD": 3.71, "CNY": 0.52}
