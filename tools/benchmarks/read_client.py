"""The product's side of `tools/bench read`: reports over gRPC. The generated classes must be on the path."""

import time

import grpc
from recount.v1 import admin_pb2, admin_pb2_grpc, command_pb2, command_pb2_grpc, report_pb2, report_pb2_grpc

from benchmarks.history_load import METADATA
from benchmarks.programs import BenchError

ASK_SECONDS = 300


class ReadClient:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 64 << 20)])
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.reports = report_pb2_grpc.ReportServiceStub(self.channel)
        self.commands = command_pb2_grpc.CommandServiceStub(self.channel)
        # Bytes each way: what a client makes of an answer is no part of the figure.
        self.run_bytes = self.channel.unary_unary("/recount.v1.ReportService/RunReport")
        self.explain_bytes = self.channel.unary_unary("/recount.v1.ReportService/ExplainReport")

    def close(self):
        self.channel.close()

    def status(self):
        return self.admin.GetStatus(admin_pb2.GetStatusRequest(), metadata=METADATA)

    def is_caught_up(self):
        status = self.status()
        return all(model.position == status.head for model in status.read_models)

    def request(self, question, period, fill=lambda parameters: None):
        """`fill` sets what else the report is asked with."""
        parameters = report_pb2.ReportParameters(**question.parameters(period))
        fill(parameters)
        return report_pb2.RunReportRequest(report=question.report, parameters=parameters)

    def answer(self, request):
        """The whole answer, which must be one page: what is measured then is all of it."""
        made = self.reports.RunReport(request, metadata=METADATA, timeout=ASK_SECONDS)
        if made.next_page_token:
            raise BenchError(f"{request.report}: {made.total_rows} rows are more than a page")
        return made

    def question(self, request):
        """A call to be measured."""
        data = request.SerializeToString()
        return lambda: self.run_bytes(data, metadata=METADATA, timeout=ASK_SECONDS)

    def explanation(self, cell_id, page_size):
        """A call to be measured."""
        data = report_pb2.ExplainReportRequest(cell_id=cell_id, page_size=page_size).SerializeToString()
        return lambda: self.explain_bytes(data, metadata=METADATA, timeout=ASK_SECONDS)

    def explained(self, cell_id, page_size):
        request = report_pb2.ExplainReportRequest(cell_id=cell_id, page_size=page_size)
        return self.reports.ExplainReport(request, metadata=METADATA, timeout=ASK_SECONDS)

    def fresh_micros(self, request):
        """From the acknowledgement of a command, which creates a deal, to the report that has it."""
        command = command_pb2.Command()
        command.create_deal.pipeline, command.create_deal.stage = "service", "new"
        command.create_deal.value.units, command.create_deal.value.currency_code = 1000, "ILS"
        position = self.commands.Execute(command, metadata=METADATA).position
        begin = time.perf_counter()
        request.min_position = position
        data = self.run_bytes(request.SerializeToString(), metadata=METADATA, timeout=ASK_SECONDS)
        micros = 1e6 * (time.perf_counter() - begin)
        answer = report_pb2.RunReportResponse.FromString(data)
        if answer.basis.position < position:
            raise BenchError(f"asked for position {position}, the report stands at {answer.basis.position}")
        return micros

    def rebuild(self):
        """Of counting all subjects anew, whose digests must agree: seconds, and by how much of them what was said to be left was wrong
        at most, in percent, after the first tenth."""
        begin, said = time.monotonic(), []
        for progress in self.admin.Rebuild(admin_pb2.RebuildRequest(target="deal"), metadata=METADATA):
            last = progress
            said.append((progress.elapsed_micros / 1e6, progress.left_micros / 1e6))
        if not last.done or any(one.before != one.after for one in last.digests):
            raise BenchError(f"the rebuild counted something else: {last}")
        seconds = time.monotonic() - begin
        wrong = [abs(elapsed + left - seconds) / seconds for elapsed, left in said if elapsed > seconds / 10]
        return {"seconds": seconds, "left_wrong": 100 * max(wrong, default=0)}
