#!/usr/bin/python3
"""Writes a CSV of invented leads for tools/mappings/generated_leads.textproto, the same one for the same seed.

    tools/make_leads_csv.py 1000000 > leads.csv
    recount --tenant big import tools/mappings/generated_leads.textproto leads.csv
"""

import datetime
import random
import sys

FIRST = ["Ann", "Ben", "Carla", "Dov", "Eva", "Farid", "Gita", "Hugo", "Ines", "Jun", "Kofi", "Lena", "Miri", "Noam", "Olga", "Paul"]
LAST = ["Adler", "Brandt", "Costa", "Dahan", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Klein", "Levi", "Mendes"]
SOURCES = ["organic_search", "paid_search", "social", "referral", "email", "fair", ""]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    chance = random.Random(sys.argv[2] if len(sys.argv) > 2 else "1")
    begin = datetime.datetime(2023, 1, 1)
    write = sys.stdout.write
    write("id,first_name,last_name,email,source,campaign,captured\r\n")
    for i in range(count):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        at = begin + datetime.timedelta(seconds=chance.randrange(3 * 365 * 86400))
        write(f"L{i:08},{first},{last},{first.lower()}.{i}@example.com,{chance.choice(SOURCES)},c{chance.randrange(40)},{at}\r\n")


if __name__ == "__main__":
    main()
