"""Plays two years of the demo's company into a running recountd, through the public API alone.

  play.py ADDRESS [--seed N] [--scale F]

One simulated day is one batch: AdminService.SetClock, then CommandService.ExecuteBatch. It is also an example of a
client in another language: the stubs are made from the protos by protoc (see tools/demo).
"""
import argparse
import heapq
import random
import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import grpc
from google.type import date_pb2, money_pb2
from recount.v1 import admin_pb2, admin_pb2_grpc, command_pb2, command_pb2_grpc, rule_pb2

import world

ZONE = ZoneInfo(world.TENANT["zone"])
DIGITS = {"ILS": 2, "EUR": 2, "USD": 2, "CNY": 2}


def to_date(day):
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def money(units, currency):
    return money_pb2.Money(units=int(units), currency_code=currency)


class Company:
    """Makes commands; each is due at a local time and may be entered days later."""

    def __init__(self, seed, scale):
        self.random = random.Random(seed)
        self.scale = scale
        self.due = []  # (day of entry, order, occurred, make command)
        self.order = 0
        self.leads = self.deals = self.customers = 0
        self.users = {team: [] for team in world.PEOPLE}
        number = 0
        for team, names in world.PEOPLE.items():
            for _ in names:
                number += 1
                self.users[team].append(f"users/u{number:02d}")

    def at(self, occurred, command, late_days=0):
        """Enters `command` on the day it happened, or `late_days` after it."""
        self.order += 1
        heapq.heappush(self.due, (occurred.date() + timedelta(days=late_days), self.order, occurred, command))

    def moment(self, day):
        return datetime.combine(day, time(8 + self.random.randrange(9), self.random.randrange(60),
                                          self.random.randrange(60)), ZONE)

    def later(self, day, low, high):
        day += timedelta(days=self.random.randint(low, high))
        while day.weekday() in (4, 5):  # the company works Sunday to Thursday
            day += timedelta(days=1)
        return day

    # ---- Leads ----

    def new_leads(self, day):
        season = 1.25 if day.month in (3, 4, 5, 10, 11) else 0.9
        growth = 1 + 0.35 * (day - world.FIRST_DAY).days / 725
        for _ in range(int(self.random.gauss(4.2 * season * growth, 1.5) * self.scale + 0.5)):
            self.new_lead(day)

    def new_lead(self, day):
        pick = self.random
        self.leads += 1
        team = pick.choices(list(world.PEOPLE), [22, 16, 15, 14, 9, 12, 16, 3])[0]
        owner = pick.choice(self.users[team])
        name = f"leads/{self.leads:05d}"
        source = pick.choices([s for s, _ in world.SOURCES], [w for _, w in world.SOURCES])[0]
        contact = pick.choice(world.CONTACTS[team])
        captured = self.moment(day)
        command = command_pb2.Command()
        lead = command.capture_lead
        lead.name = name
        lead.person_name.display = contact
        lead.phones.add(raw=f"+972 4 8{pick.randrange(100000, 999999)}")
        lead.emails.add(raw=f"contact{self.leads}@customer{pick.randrange(400)}.example")
        lead.request = f"Asks for {pick.choice(world.PRODUCTS)[1]}"
        if source:
            lead.source.id = source
        self.at(captured, command, late_days=pick.choice([0] * 19 + [1]))
        assign = command_pb2.Command()
        assign.assign_lead.lead.name = name
        assign.assign_lead.owner.name = owner
        self.at(captured + timedelta(minutes=pick.randrange(5, 400)), assign, late_days=2)
        good = {"referral": 0.62, "exhibition": 0.42, "phone": 0.4}.get(source, 0.28)
        day = self.later(day, 2, 9)
        if pick.random() < good:
            self.convert(name, day, team, owner, source)
        elif pick.random() < 0.6:
            drop = command_pb2.Command()
            drop.disqualify_lead.lead.name = name
            drop.disqualify_lead.reason = "no_interest"
            self.at(self.moment(day), drop)

    def convert(self, lead, day, team, owner, source):
        pick = self.random
        qualify = command_pb2.Command()
        qualify.qualify_lead.lead.name = lead
        moment = self.moment(day)
        self.at(moment, qualify)
        day = self.later(day, 1, 12)
        moment = self.moment(day)
        self.customers += 1
        customer = f"organizations/c{self.customers:04d}"
        create = command_pb2.Command()
        create.create_organization.name = customer
        create.create_organization.display_name = f"{pick.choice(world.CUSTOMERS[team])} {self.customers}"
        create.create_organization.owner.name = owner
        self.at(moment, create)
        convert = command_pb2.Command()
        convert.convert_lead.lead.name = lead
        convert.convert_lead.organization.name = customer
        convert.convert_lead.create_person = True
        self.at(moment + timedelta(seconds=1), convert)
        self.new_deal(lead, customer, moment + timedelta(seconds=2), team, owner, source)

    # ---- Deals ----

    def new_deal(self, lead, customer, created, team, owner, source):
        pick = self.random
        self.deals += 1
        name = f"deals/{self.deals:04d}"
        product, title, _, price = pick.choice(world.PRODUCTS)
        currency = world.CURRENCY[team]
        shekels = price * pick.choice([1, 1, 1, 2, 3]) * pick.uniform(0.85, 1.1)
        value = round(shekels / world.RATES.get(currency, 1), -2)
        command = command_pb2.Command()
        deal = command.create_deal
        deal.name = name
        deal.title = f"{title}, {customer.split('/')[1]}"
        deal.pipeline = "equipment"
        deal.stage = "potential"
        deal.value.CopyFrom(money(value, currency))
        deal.owner.name = owner
        deal.lead.name = lead
        deal.organization.name = customer
        deal.product.name = f"products/{product}"
        deal.expected_close.CopyFrom(to_date(self.later(created.date(), 40, 150)))
        change = deal.fields.add(field_id="area")
        change.value.option = pick.choice(world.AREAS)
        self.at(created, command)
        self.run_deal(name, created.date(), team, value, currency, good=source == "referral")

    def stage(self, deal, stage, day):
        command = command_pb2.Command()
        command.change_deal_stage.deal.name = deal
        command.change_deal_stage.stage = stage
        late = self.random.choice([0] * 14 + [1, 2, 6])
        self.at(self.moment(day), command, late_days=late)
        return late

    def run_deal(self, deal, day, team, value, currency, good):
        pick = self.random
        for stage, chance in (("offer", 0.78), ("order", 0.62)):
            day = self.later(day, 4, 35)
            if pick.random() > chance + (0.12 if good else 0):
                self.end_open(deal, day)
                return
            day += timedelta(days=self.stage(deal, stage, day))
            if pick.random() < 0.3:
                value = round(value * pick.uniform(0.88, 1.15), -2)
                command = command_pb2.Command()
                command.change_deal_value.deal.name = deal
                command.change_deal_value.value.CopyFrom(money(value, currency))
                day = self.later(day, 1, 6)
                self.at(self.moment(day), command)
            if pick.random() < 0.25:
                command = command_pb2.Command()
                command.change_deal_expected_close.deal.name = deal
                command.change_deal_expected_close.expected_close.CopyFrom(to_date(self.later(day, 20, 90)))
                day = self.later(day, 1, 3)
                self.at(self.moment(day), command)
            if stage == "order" and pick.random() < 0.08:
                command = command_pb2.Command()
                command.override_deal_probability.deal.name = deal
                command.override_deal_probability.probability_bp = pick.choice([6000, 7500, 9000])
                day = self.later(day, 1, 3)
                self.at(self.moment(day), command)
        day = self.later(day, 5, 40)
        if pick.random() < (0.74 if good else 0.6):
            self.win(deal, day)
        else:
            self.lose(deal, day)

    def end_open(self, deal, day):
        if self.random.random() < 0.85:
            self.lose(deal, day)

    def win(self, deal, day):
        command = command_pb2.Command()
        command.win_deal.deal.name = deal
        self.at(self.moment(day), command)
        day = self.later(day, 3, 20)
        self.stage(deal, "in_work", day)
        if self.random.random() < 0.7:
            done = command_pb2.Command()
            done.complete_deal.deal.name = deal
            self.at(self.moment(self.later(day, 30, 90)), done)

    def lose(self, deal, day):
        pick = self.random
        command = command_pb2.Command()
        command.lose_deal.deal.name = deal
        command.lose_deal.reason = pick.choice(world.REASONS)
        if command.lose_deal.reason == "competitor_offer":
            command.lose_deal.competitor = pick.choice(["Grundmann", "AquaTech", "东方泵业"])
        self.at(self.moment(day), command)
        if pick.random() < 0.06:
            day = self.later(day, 10, 60)
            reopen = command_pb2.Command()
            reopen.reopen_deal.deal.name = deal
            reopen.reopen_deal.stage = "offer"
            self.at(self.moment(day), reopen)
            self.win(deal, self.later(day, 10, 40)) if pick.random() < 0.5 else self.lose_again(deal, day)

    def lose_again(self, deal, day):
        command = command_pb2.Command()
        command.lose_deal.deal.name = deal
        command.lose_deal.reason = self.random.choice(world.REASONS)
        self.at(self.moment(self.later(day, 10, 30)), command)


# ---- What stands before the first day ----

def rules():
    command = command_pb2.Command()
    publish = command.publish_rules
    publish.comment = "How we work"
    pipelines = publish.rules.add().content.pipelines
    pipeline = pipelines.pipelines.add(id="equipment", labels={"en": "Equipment", "he": "ציוד"}, lost_reason_required=True)
    probabilities = publish.rules.add().content.probabilities
    for stage, labels, meaning, probability in world.STAGES:
        pipeline.stages.add(id=stage, labels=labels, meaning=meaning)
        if probability is not None:
            probabilities.probabilities.add(pipeline="equipment", stage=stage, probability_bp=probability)
    reasons = publish.rules.add().content.reasons
    for reason in world.REASONS:
        reasons.reasons.add(id=reason, labels={"en": reason.replace("_", " ").capitalize()}, for_lost_deals=True)
    reasons.reasons.add(id="no_interest", labels={"en": "No interest"}, for_disqualified_leads=True)
    exchange = publish.rules.add().content.exchange_rates
    drift = random.Random(7)
    for currency, rate in world.RATES.items():
        for month in range(26):
            first = date(2024 + (9 + month) // 12, (9 + month) % 12 + 1, 1)
            exchange.rates.add(**{"from": currency, "to": "ILS", "date": to_date(first),
                                  "rate_nanos": round(rate * 1_000_000) * 1000})
            rate *= drift.uniform(0.985, 1.016)
    chart = publish.rules.add().content.org_chart
    for unit, _ in world.UNITS[1:]:
        chart.edges.add(child=f"org_units/{unit}", parent="org_units/company")
    number = 0
    for team, _, unit in world.TEAMS:
        chart.edges.add(child=f"teams/{team}", parent=f"org_units/{unit}")
        for _ in world.PEOPLE[team]:
            number += 1
            chart.edges.add(child=f"users/u{number:02d}", parent=f"teams/{team}")
    team, unit, day = world.TEAM_MOVE
    edge = chart.edges.add(child=f"teams/{team}", parent=f"org_units/{unit}")
    getattr(edge, "from").CopyFrom(to_date(day))
    schema = publish.rules.add().content.field_schema
    area = schema.fields.add(collection="deals", id="area", labels={"en": "Application area"},
                             type=rule_pb2.FIELD_TYPE_OPTION)
    for option in world.AREAS:
        area.options.add(id=option)
    return command


def people_and_products():
    commands = []
    number = 0
    for unit, label in world.UNITS:
        command = command_pb2.Command()
        command.create_org_unit.name = f"org_units/{unit}"
        command.create_org_unit.display_name = label
        commands.append(command)
    for team, label, _ in world.TEAMS:
        command = command_pb2.Command()
        command.create_team.name = f"teams/{team}"
        command.create_team.display_name = label
        commands.append(command)
        for person in world.PEOPLE[team]:
            number += 1
            command = command_pb2.Command()
            command.create_user.name = f"users/u{number:02d}"
            command.create_user.display_name = person
            commands.append(command)
    for product, label, kind, price in world.PRODUCTS:
        command = command_pb2.Command()
        command.create_product.name = f"products/{product}"
        command.create_product.display_name = label
        command.create_product.kind = kind
        command.create_product.list_prices.append(money(price, "ILS"))
        commands.append(command)
    return commands


class Player:
    def __init__(self, address):
        channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 16 << 20)])
        self.metadata = [("recount-tenant", world.TENANT["tenant_id"]), ("recount-actor", "users/demo")]
        self.admin = admin_pb2_grpc.AdminServiceStub(channel)
        self.commands = command_pb2_grpc.CommandServiceStub(channel)
        self.sent = 0
        self.position = 0

    def clock(self, moment):
        request = admin_pb2.SetClockRequest()
        request.time.FromDatetime(moment.astimezone(timezone.utc).replace(tzinfo=None))
        self.admin.SetClock(request, metadata=self.metadata)

    def send(self, commands):
        for start in range(0, len(commands), 500):
            batch = command_pb2.CommandBatch()
            for command in commands[start:start + 500]:
                self.sent += 1
                batch.commands.add(sequence=self.sent, command=command)
            for outcome, command in zip(self.commands.ExecuteBatch(batch, metadata=self.metadata).outcomes,
                                        commands[start:start + 500]):
                if outcome.status.code != 0:
                    sys.exit(f"demo: refused: {outcome.status.message}\n{command}")
                self.position = max(self.position, outcome.result.position)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("address")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--scale", type=float, default=1.0)
    arguments = arguments.parse_args()
    player = Player(arguments.address)
    player.clock(datetime.combine(world.FIRST_DAY - timedelta(days=1), time(9), ZONE))
    player.admin.CreateTenant(admin_pb2.CreateTenantRequest(**world.TENANT), metadata=player.metadata)
    player.send(people_and_products())
    player.send([rules()])
    company = Company(arguments.seed, arguments.scale)
    day = world.FIRST_DAY
    days = (world.LAST_DAY - world.FIRST_DAY).days + 1
    shown = -1
    while day <= world.LAST_DAY:
        if day.weekday() not in (4, 5):
            company.new_leads(day)
        player.clock(datetime.combine(day, time(23, 59, 59), ZONE))
        commands = []
        while company.due and company.due[0][0] <= day:
            _, _, occurred, command = heapq.heappop(company.due)
            header = getattr(command, command.WhichOneof("command")).header
            header.occurred.time.FromDatetime(occurred.astimezone(timezone.utc).replace(tzinfo=None))
            header.request_id = f"demo-{player.sent + len(commands) + 1}"
            commands.append(command)
        player.send(commands)
        percent = ((day - world.FIRST_DAY).days + 1) * 100 // days
        if percent // 5 > shown // 5 or shown < 0:
            shown = percent
            print(f"\rplaying {day}  {percent:3d} %  {player.sent:6d} commands", end="", file=sys.stderr, flush=True)
        day += timedelta(days=1)
    print(file=sys.stderr)
    print(f"{player.sent} commands, {player.position} events: {company.leads} leads, {company.deals} deals")


if __name__ == "__main__":
    main()
