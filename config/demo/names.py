"""Names and places of the demo's people, in both scripts. The people are invented; the districts are real."""

from typing import NamedTuple


class Name(NamedTuple):
    latin: str
    bangla: str


WOMEN = [
    Name("Nusrat", "নুসরাত"),
    Name("Farhana", "ফারহানা"),
    Name("Sharmin", "শারমিন"),
    Name("Tahmina", "তাহমিনা"),
    Name("Rokeya", "রোকেয়া"),
    Name("Sadia", "সাদিয়া"),
    Name("Mahmuda", "মাহমুদা"),
    Name("Shirin", "শিরিন"),
    Name("Ayesha", "আয়েশা"),
    Name("Jannatul", "জান্নাতুল"),
    Name("Rehana", "রেহানা"),
    Name("Salma", "সালমা"),
    Name("Nazneen", "নাজনীন"),
    Name("Fatema", "ফাতেমা"),
    Name("Tanjina", "তানজিনা"),
    Name("Laila", "লায়লা"),
    Name("Purnima", "পূর্ণিমা"),
    Name("Shampa", "শম্পা"),
    Name("Moushumi", "মৌসুমী"),
    Name("Dilruba", "দিলরুবা"),
]
MEN = [
    Name("Anisul", "আনিসুল"),
    Name("Rafiqul", "রফিকুল"),
    Name("Tanvir", "তানভীর"),
    Name("Mahbub", "মাহবুব"),
    Name("Shafiqul", "শফিকুল"),
    Name("Kamrul", "কামরুল"),
    Name("Imran", "ইমরান"),
    Name("Saiful", "সাইফুল"),
    Name("Arif", "আরিফ"),
    Name("Zahid", "জাহিদ"),
    Name("Nazmul", "নাজমুল"),
    Name("Habibur", "হাবিবুর"),
    Name("Faisal", "ফয়সাল"),
    Name("Mizanur", "মিজানুর"),
    Name("Abdul", "আবদুল"),
    Name("Subrata", "সুব্রত"),
    Name("Dipankar", "দীপঙ্কর"),
    Name("Rezaul", "রেজাউল"),
    Name("Golam", "গোলাম"),
    Name("Ashraful", "আশরাফুল"),
]
FAMILY_WOMEN = [
    Name("Rahman", "রহমান"),
    Name("Akter", "আক্তার"),
    Name("Khatun", "খাতুন"),
    Name("Chowdhury", "চৌধুরী"),
    Name("Sultana", "সুলতানা"),
    Name("Begum", "বেগম"),
    Name("Haque", "হক"),
    Name("Siddiqua", "সিদ্দিকা"),
    Name("Islam", "ইসলাম"),
    Name("Das", "দাস"),
    Name("Sarkar", "সরকার"),
]
FAMILY_MEN = [
    Name("Rahman", "রহমান"),
    Name("Islam", "ইসলাম"),
    Name("Chowdhury", "চৌধুরী"),
    Name("Haque", "হক"),
    Name("Hossain", "হোসেন"),
    Name("Ahmed", "আহমেদ"),
    Name("Khan", "খান"),
    Name("Uddin", "উদ্দিন"),
    Name("Alam", "আলম"),
    Name("Karim", "করিম"),
    Name("Sarkar", "সরকার"),
]

# District, and the parts of the town in which its doctors sit.
TOWNS: dict[str, tuple[str, ...]] = {
    "dhaka": ("Dhanmondi", "Gulshan", "Uttara", "Mirpur", "Shantinagar", "Mohammadpur"),
    "chattogram": ("Agrabad", "GEC Circle", "Panchlaish"),
    "sylhet": ("Zindabazar", "Amberkhana"),
    "khulna": ("Sonadanga", "Khalishpur"),
    "rajshahi": ("Laxmipur", "Shaheb Bazar"),
}
COLLEGES: dict[str, str] = {
    "dhaka": "Dhaka Medical College",
    "chattogram": "Chittagong Medical College",
    "sylhet": "Sylhet MAG Osmani Medical College",
    "khulna": "Khulna Medical College",
    "rajshahi": "Rajshahi Medical College",
}
CHAMBERS = ("Medical Centre", "Specialised Clinic", "Consultation Centre", "Diagnostic and Consultation")
