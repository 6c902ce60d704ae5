"""A conversation by Google's Python client, from its beginning to its end.

Google's clients take their endpoint from code alone, so this program looks into the environment itself: with
DIALOGFLOW_EMULATOR_HOST=127.0.0.1:8470 it talks to Parley, without it to Google, with your credentials.
"""

import datetime
import os

import grpc
from google.cloud import dialogflow_v2beta1 as dialogflow


def client(kind):
    """A client of one service: of Parley's where the environment says where that is, else of Google's."""
    emulator = os.environ.get("DIALOGFLOW_EMULATOR_HOST")
    if emulator is None:
        return kind()
    transport = kind.get_transport_class("grpc")
    return kind(transport=transport(channel=grpc.insecure_channel(emulator)))


project = os.environ.get("GOOGLE_CLOUD_PROJECT", "demo")
parent = f"projects/{project}/locations/global"
conversations = client(dialogflow.ConversationsClient)
participants = client(dialogflow.ParticipantsClient)

# A profile says how conversations are led. `parley exec` and `parley serve --demo` make one that is called "demo".
conversation = conversations.create_conversation(
    parent=parent,
    conversation=dialogflow.Conversation(conversation_profile=f"{parent}/conversationProfiles/demo"),
)


def join(role):
    participant = dialogflow.Participant(role=role)
    return participants.create_participant(parent=conversation.name, participant=participant).name


customer = join(dialogflow.Participant.Role.END_USER)
agent = join(dialogflow.Participant.Role.HUMAN_AGENT)

# A batch stores messages that were said elsewhere. The same participant and send_time is the same message: sending a batch
# again doubles nothing.
said = [
    (customer, "Where is my order?"),
    (agent, "It left our house this morning."),
    (customer, "Thank you!"),
]
start = datetime.datetime.now(datetime.timezone.utc)
conversations.batch_create_messages(
    request=dialogflow.BatchCreateMessagesRequest(
        parent=conversation.name,
        requests=[
            dialogflow.CreateMessageRequest(
                parent=conversation.name,
                message=dialogflow.Message(
                    participant=participant,
                    content=content,
                    send_time=start + datetime.timedelta(seconds=index),
                ),
            )
            for index, (participant, content) in enumerate(said)
        ],
    )
)

# Lists have the newest message first.
for message in reversed(list(conversations.list_messages(parent=conversation.name))):
    print(f"{message.participant_role.name}: {message.content}")

completed = conversations.complete_conversation(name=conversation.name)
print(completed.lifecycle_state.name)
