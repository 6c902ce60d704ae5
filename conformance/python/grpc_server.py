"""A server of grpcio that does as the client's tests say: see client/foreign-servers.test.ts.

Prints the port it listens on, and stops when its standard input ends. With a file for a certificate and one for its key
it speaks TLS.
"""

import sys
import threading
from concurrent import futures

import grpc
from google.cloud.dialogflow_v2beta1.types import conversation as conversation_types
from google.cloud.dialogflow_v2beta1.types import participant as participant_types
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

Conversation = conversation_types.Conversation.pb()
GetConversationRequest = conversation_types.GetConversationRequest.pb()
StreamingRequest = participant_types.StreamingAnalyzeContentRequest.pb()
StreamingResponse = participant_types.StreamingAnalyzeContentResponse.pb()

LARGE = "five megabytes " * 350_000


def get_conversation(request, context):
    what = request.name.rsplit("/", 1)[-1]
    seen = dict(context.invocation_metadata())
    if what == "headers":
        params = seen["x-goog-request-params"]
        context.send_initial_metadata((("x-seen", params), ("x-twice", "a"), ("x-twice", "b")))
        context.set_trailing_metadata((("x-behind", "yes"),))
    elif what == "error":
        info = any_pb2.Any()
        info.Pack(error_details_pb2.ErrorInfo(reason="GONE", domain="test", metadata={"id": "1"}))
        status = status_pb2.Status(code=code_pb2.NOT_FOUND, message="no such nöte", details=[info])
        context.abort_with_status(rpc_status.to_status(status))
    elif what == "never":
        ended = threading.Event()
        context.add_callback(ended.set)
        ended.wait()
    elif what == "large":
        return Conversation(name=request.name, conversation_profile=LARGE)
    elif what == "gzip":
        context.set_compression(grpc.Compression.Gzip)
        return Conversation(name=request.name, conversation_profile=LARGE[:10_000])
    elif what == "stop":
        # New calls are refused from here on; this one is answered.
        server.stop(10)
    return Conversation(name=request.name)


def streaming_analyze_content(requests, context):
    for request in requests:
        if request.input_text == "stop":
            context.abort(grpc.StatusCode.ABORTED, "stopped")
        if request.input_text == "many":
            for number in range(1000):
                yield StreamingResponse(reply_text=f"{number} {LARGE[:10_000]}")
        yield StreamingResponse(reply_text=request.input_text)


def handler_of(service, name, behaviour, kind, request, response):
    method = kind(behaviour, request_deserializer=request.FromString, response_serializer=response.SerializeToString)
    return grpc.method_handlers_generic_handler(f"google.cloud.dialogflow.v2beta1.{service}", {name: method})


server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=[("grpc.max_concurrent_streams", 8)])
server.add_generic_rpc_handlers(
    (
        handler_of(
            "Conversations",
            "GetConversation",
            get_conversation,
            grpc.unary_unary_rpc_method_handler,
            GetConversationRequest,
            Conversation,
        ),
        handler_of(
            "Participants",
            "StreamingAnalyzeContent",
            streaming_analyze_content,
            grpc.stream_stream_rpc_method_handler,
            StreamingRequest,
            StreamingResponse,
        ),
    )
)
if len(sys.argv) == 3:
    cert, key = (open(path, "rb").read() for path in sys.argv[1:])
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, cert)]))
else:
    port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(None)
