"""Certificates of a test's own, made by the openssl program, and channels that trust them."""

import os
import subprocess

import grpc


class Certificates:
    """An authority and a server's certificate for 127.0.0.1 signed by it, as PEM files in a folder."""

    def __init__(self, folder):
        self.authority = os.path.join(folder, "authority.pem")
        self.certificate = os.path.join(folder, "server.pem")
        self.key = os.path.join(folder, "server.key")
        authority_key, request, extensions = (os.path.join(folder, name) for name in ("authority.key", "server.csr", "extensions"))
        with open(extensions, "w") as file:
            file.write("subjectAltName=IP:127.0.0.1\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        _openssl("req", "-x509", *new_key, "-keyout", authority_key, "-out", self.authority, "-days", "2", "-subj", "/CN=Test authority")
        _openssl("req", *new_key, "-keyout", self.key, "-out", request, "-subj", "/CN=recountd")
        _openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2",
                 "-extfile", extensions, "-out", self.certificate)


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")


def channel_to(address, authority=None):
    """In clear, or with TLS if `authority` is a PEM file to trust."""
    options = [("grpc.max_receive_message_length", 64 << 20)]
    if authority is None:
        return grpc.insecure_channel(address, options=options)
    with open(authority, "rb") as file:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(root_certificates=file.read()), options=options)
