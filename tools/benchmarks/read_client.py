"""The product's side of `tools/bench read`: reports over gRPC. The generated classes must be on the path."""

import grpc
from recount.v1 import admin_pb2, admin_pb2_grpc, report_pb2, report_pb2_grpc

from benchmarks.history_load import METADATA
from benchmarks.programs import BenchError

ASK_SECONDS = 300


class ReadClient:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 64 << 20)])
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.reports = report_pb2_grpc.ReportServiceStub(self.channel)
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

    def request(self, question, period, more=lambda parameters: None):
        parameters = report_pb2.ReportParameters(**question.parameters(period))
        more(parameters)
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
