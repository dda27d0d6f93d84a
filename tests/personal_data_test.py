#!/usr/bin/python3
"""No personal text stands in a file of the data folder in clear, and all of it comes back through the API."""

import os
import sys
import unittest

from harness import rules
from harness.client import Client
from harness.protos import v1
from harness.server import Server

NAMES = ["No'a Ben-Ami Zylberberg", "\u05d3\u05d5\u05e8\u05d5\u05df \u05d0\u05d1\u05e8\u05de\u05d5\u05d1\u05d9\u05e5", "\u6b27\u9633\u660e\u6708", "\u0424\u0451\u0434\u043e\u0440 \u0414\u043e\u0441\u0442\u043e\u0435\u0432\u0441\u043a\u0438\u0439",
         "\u0644\u064a\u0644\u0649 \u0627\u0644\u062d\u062f\u0627\u062f"]
OPEN_TEXT = "campaign-spring-zz42"  # not personal: the control of the scan


class PersonalDataTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.client = Client(cls.server.address)
        client = cls.client
        client.create_tenant(zone="Asia/Jerusalem", currency="ILS", region="IL")
        client.publish(rules.pipelines(sales=["potential", "won", "lost"]), rules.reasons("price"),
                       rules.fields(("leads", "passport", v1.FIELD_TYPE_TEXT, dict(personal=True))))
        cls.texts = []
        for number, name in enumerate(NAMES):
            cls._capture(number, name)
        client.do("assign_deal", deal="deals/0", owner="users/0")
        cls.head = client.head

    @classmethod
    def tearDownClass(cls):
        cls.client.channel.close()
        cls.server.__exit__()

    @classmethod
    def _capture(cls, number, name):
        given = dict(display=name, given=name.split()[0], family=f"Family-{number}-q7")
        phone, mail = f"03-765{number}321", f"Person.{number}.q7@Example.COM"
        request, company = f"A pump for the cellar of number {number}, please-q7", f"Sealed-q7 & Sons {number}"
        title, step, needs = f"Titled-q7 {number}", f"Step-q7 {number}", f"Needs-q7 {number}"
        do = cls.client.do
        do("capture_lead", name=f"leads/{number}", person_name=given, phones=[dict(raw=phone)], emails=[dict(raw=mail)], request=request,
           organization_name=company, source=dict(id="web", campaign=OPEN_TEXT),
           fields=[dict(field_id="passport", value=dict(text=f"passport-q7-{number}"))])
        do("create_deal", name=f"deals/{number}", lead=f"leads/{number}", title=title, next_step=step, needs=needs)
        do("convert_lead", lead=f"leads/{number}", create_person=True, deal=f"deals/{number}")
        do("create_person", name=f"persons/p{number}", person_name=dict(display=f"Other-q7 {number}"))
        do("delete_record", record=f"persons/p{number}", collection="persons", reason=f"Reason-q7 {number}")
        do("create_user", name=f"users/{number}", display_name=f"User-q7 {number}", emails=[dict(raw=f"user{number}@q7.example")])
        cls.texts += [name, given["family"], phone, phone.replace("-", ""), f"+9723765{number}321", mail, mail.lower(), request, company,
                      title, step, needs, f"passport-q7-{number}", f"Other-q7 {number}", f"Reason-q7 {number}", f"User-q7 {number}", f"user{number}@q7.example"]

    def scan(self, content, place):
        found = [text for text in self.texts if text.encode() in content]
        self.assertFalse(found, f"{place} holds in clear: {found[:3]}")

    def test_1_stored_commits_hold_none_of_it(self):
        commits, after = [], 0
        while after < self.head:
            page = self.client.call(self.client.History.ReadCommits, v1.ReadCommitsRequest(after_position=after, page_size=1000)).commits
            commits += page
            after = page[-1].last_position
        for commit in commits:
            self.scan(commit.record, f"the commit at {commit.first_position}")
        self.assertTrue(any(OPEN_TEXT.encode() in commit.record for commit in commits), "the scan does not see what it should")

    def test_2_it_comes_back(self):
        client = self.client
        for number, name in enumerate(NAMES):
            lead = client.call(client.Lead.GetLead, v1.GetRequest(ref=v1.Ref(name=f"leads/{number}"), min_position=self.head))
            self.assertEqual((name, f"Family-{number}-q7"), (lead.person_name.display, lead.person_name.family))
            self.assertEqual((f"03-765{number}321", f"+9723765{number}321"), (lead.phones[0].raw, lead.phones[0].e164))
            self.assertEqual(f"Person.{number}.q7@Example.COM", lead.emails[0].raw)
            self.assertEqual((f"Sealed-q7 & Sons {number}", f"A pump for the cellar of number {number}, please-q7"),
                             (lead.organization_name, lead.request))
            self.assertEqual(f"passport-q7-{number}", lead.info.personal_fields["passport"].text)
            person = client.call(client.Person.GetPerson, v1.GetRequest(ref=v1.Ref(name=lead.person)))
            self.assertEqual((name, f"+9723765{number}321"), (person.person_name.display, person.phones[0].e164))
            deal = client.call(client.Deal.GetDeal, v1.GetRequest(ref=v1.Ref(name=f"deals/{number}")))
            self.assertEqual((f"Titled-q7 {number}", f"Step-q7 {number}", f"Needs-q7 {number}"), (deal.title, deal.next_step, deal.needs))
            other = client.call(client.Person.GetPerson, v1.GetRequest(ref=v1.Ref(name=f"persons/p{number}")))
            self.assertEqual(f"Reason-q7 {number}", other.info.delete_reason)
            user = client.call(client.User.GetUser, v1.GetRequest(ref=v1.Ref(name=f"users/{number}")))
            self.assertEqual(f"User-q7 {number}", user.display_name)

    def test_3_it_is_found_by_phone_and_mail(self):
        client = self.client
        for text in ('phone = "03-7651321"', 'phone = "+97237651321"', 'email = "PERSON.1.q7@example.com"'):
            found = client.call(client.Lead.ListLeads, v1.ListRequest(filter=text, min_position=self.head))
            self.assertEqual(["leads/1"], [lead.info.name for lead in found.leads], text)

    def test_4_the_log_shows_it_to_those_who_may_read(self):
        events = [event for event in self.client.log() if event.type_name == "LeadCaptured"]
        self.assertEqual(NAMES, [event.payload.lead.captured.person_name.display for event in events])
        self.assertFalse(any(event.personal_data_erased for event in events))

    def test_5_no_file_holds_any_of_it(self):
        self.client.digests()
        self.server.stop()
        files = 0
        for folder, _, names in os.walk(self.server.folder):  # the server's own log lies there too
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    self.scan(file.read(), os.path.relpath(path, self.server.folder))
                files += 1
        self.assertGreater(files, 5)
        self.server.start()
        self.client.channel.close()
        type(self).client = Client(self.server.address)
        self.test_2_it_comes_back()


if __name__ == "__main__":
    sys.exit(unittest.main())
