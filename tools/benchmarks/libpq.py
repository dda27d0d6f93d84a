"""Just enough of libpq, by ctypes: prepared questions, timed until the whole answer is in this process."""

import ctypes
import ctypes.util

from benchmarks.programs import BenchError

COMMAND_OK, TUPLES_OK = 1, 2


def load():
    name = ctypes.util.find_library("pq")
    if name is None:
        raise BenchError("libpq was not found: tools/setup --bench installs it")
    library = ctypes.CDLL(name)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, result, arguments in (
            ("PQconnectdb", pointer, [text]), ("PQstatus", number, [pointer]), ("PQfinish", None, [pointer]),
            ("PQexec", pointer, [pointer, text]), ("PQerrorMessage", text, [pointer]), ("PQresultStatus", number, [pointer]),
            ("PQprepare", pointer, [pointer, text, text, number, pointer]),
            ("PQexecPrepared", pointer, [pointer, text, number, pointer, pointer, pointer, number]),
            ("PQntuples", number, [pointer]), ("PQnfields", number, [pointer]), ("PQgetvalue", text, [pointer, number, number]),
            ("PQgetisnull", number, [pointer, number, number]), ("PQclear", None, [pointer])):
        getattr(library, function).restype = result
        getattr(library, function).argtypes = arguments
    return library


class Connection:
    def __init__(self, connection):
        self.library = load()
        self.handle = self.library.PQconnectdb(connection.encode())
        if self.library.PQstatus(self.handle) != 0:
            raise BenchError(f"PostgreSQL cannot be reached: {self.error()}")

    def error(self):
        return self.library.PQerrorMessage(self.handle).decode(errors="replace").strip()

    def close(self):
        self.library.PQfinish(self.handle)

    def execute(self, sql):
        """Rows as texts; None is null. Of several statements the last one's."""
        return self.rows(self.checked(self.library.PQexec(self.handle, sql.encode()), sql))

    def prepare(self, name, sql):
        self.library.PQclear(self.checked(self.library.PQprepare(self.handle, name.encode(), sql.encode(), 0, None), sql))

    def ask(self, name):
        """A prepared question, asked to its end; the answer is thrown away."""
        self.library.PQclear(self.checked(self.library.PQexecPrepared(self.handle, name.encode(), 0, None, None, None, 0), name))

    def checked(self, result, what):
        if self.library.PQresultStatus(result) in (COMMAND_OK, TUPLES_OK):
            return result
        self.library.PQclear(result)
        raise BenchError(f"PostgreSQL refused `{what[:200]}`: {self.error()}")

    def rows(self, result):
        get, is_null = self.library.PQgetvalue, self.library.PQgetisnull
        columns = range(self.library.PQnfields(result))
        rows = [tuple(None if is_null(result, row, column) else get(result, row, column).decode() for column in columns)
                for row in range(self.library.PQntuples(result))]
        self.library.PQclear(result)
        return rows
