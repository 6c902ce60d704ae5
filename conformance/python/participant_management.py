"""Goes through a conversation with Google's own synchronous Python clients, in the shape of their samples: a function for each
call, and resources known by ids that are cut out of their names.

    python participant_management.py HOST:PORT

Prints what was said and suggested, and ends with 1 where something is not as it should be.
"""

import sys
import uuid

import grpc
from google.api_core import exceptions
from google.cloud import dialogflow_v2beta1 as dialogflow
from google.cloud.dialogflow_v2beta1.services.conversation_profiles.transports import ConversationProfilesGrpcTransport
from google.cloud.dialogflow_v2beta1.services.conversations.transports import ConversationsGrpcTransport
from google.cloud.dialogflow_v2beta1.services.documents.transports import DocumentsGrpcTransport
from google.cloud.dialogflow_v2beta1.services.knowledge_bases.transports import KnowledgeBasesGrpcTransport
from google.cloud.dialogflow_v2beta1.services.participants.transports import ParticipantsGrpcTransport

Role = dialogflow.Participant.Role
Type = dialogflow.SuggestionFeature.Type

PROJECT = f"p-{uuid.uuid4().hex}"
PARENT = f"projects/{PROJECT}"
RETURNS = """<html><head><title>Returns</title></head><body><h1>How to return an item</h1>
<p>Whoever wants to return an item packs it in its box. Our policy gives you 30 days for it.</p></body></html>"""
WAIT_SECONDS = 90

channel = grpc.insecure_channel(sys.argv[1])
knowledge_bases = dialogflow.KnowledgeBasesClient(transport=KnowledgeBasesGrpcTransport(channel=channel))
documents = dialogflow.DocumentsClient(transport=DocumentsGrpcTransport(channel=channel))
profiles = dialogflow.ConversationProfilesClient(transport=ConversationProfilesGrpcTransport(channel=channel))
conversations = dialogflow.ConversationsClient(transport=ConversationsGrpcTransport(channel=channel))
participants = dialogflow.ParticipantsClient(transport=ParticipantsGrpcTransport(channel=channel))


def id_in(name, collection):
    """What stands behind the collection in a name."""
    return name.split(f"{collection}/")[1].rstrip()


def create_knowledge_base():
    made = knowledge_bases.create_knowledge_base(
        parent=PARENT, knowledge_base=dialogflow.KnowledgeBase(display_name="returns")
    )
    return id_in(made.name, "knowledgeBases")


def create_document(knowledge_base_id):
    operation = documents.create_document(
        parent=f"{PARENT}/knowledgeBases/{knowledge_base_id}",
        document=dialogflow.Document(
            display_name="Returns",
            mime_type="text/html",
            knowledge_types=[dialogflow.Document.KnowledgeType.ARTICLE_SUGGESTION],
            raw_content=RETURNS.encode(),
        ),
    )
    return id_in(operation.result(timeout=WAIT_SECONDS).name, "documents")


def create_profile(knowledge_base_id):
    source = {"knowledge_bases": [f"{PARENT}/knowledgeBases/{knowledge_base_id}"]}
    made = profiles.create_conversation_profile(
        parent=PARENT,
        conversation_profile={
            "display_name": "returns",
            "human_agent_assistant_config": {
                "human_agent_suggestion_config": {
                    "feature_configs": [
                        {
                            "suggestion_feature": {"type_": Type.ARTICLE_SUGGESTION},
                            "suggestion_trigger_settings": {"no_small_talk": True, "only_end_user": True},
                            "query_config": {"knowledge_base_query_source": source, "max_results": 3},
                        }
                    ]
                }
            },
            "language_code": "en-US",
        },
    )
    return id_in(made.name, "conversationProfiles")


def create_conversation(profile_id):
    name = conversations.conversation_profile_path(PROJECT, profile_id)
    conversation = dialogflow.Conversation(conversation_profile=name)
    made = conversations.create_conversation(parent=PARENT, conversation=conversation)
    return id_in(made.name, "conversations")


def create_participant(conversation_id, role):
    made = participants.create_participant(
        parent=conversations.conversation_path(PROJECT, conversation_id),
        participant=dialogflow.Participant(role=role),
    )
    return id_in(made.name, "participants")


def analyze(conversation_id, participant_id, words):
    reply = participants.analyze_content(
        participant=participants.participant_path(PROJECT, conversation_id, participant_id),
        text_input=dialogflow.TextInput(text=words, language_code="en-US"),
    )
    assert reply.message.content == words, reply.message.content
    (result,) = reply.human_agent_suggestion_results
    assert not result.error.code, result.error.message
    titles = [article.title for article in result.suggest_articles_response.article_answers]
    print(f"{words} -> {titles}")
    return titles


knowledge_base_id = create_knowledge_base()
document_id = create_document(knowledge_base_id)
profile_id = create_profile(knowledge_base_id)
conversation_id = create_conversation(profile_id)
user_id = create_participant(conversation_id, Role.END_USER)
agent_id = create_participant(conversation_id, Role.HUMAN_AGENT)

shown = [
    analyze(conversation_id, agent_id, "Hi, how are you?"),
    analyze(conversation_id, user_id, "I am doing well, how about you?"),
    analyze(conversation_id, agent_id, "Great. How can I help you?"),
    analyze(conversation_id, user_id, "So I want to return an item, what is the policy?"),
    analyze(conversation_id, user_id, "Cancel my order."),
]
# Articles go by what the customer said lately: the last thing does not change the matter.
assert shown == [[], [], [], ["Returns"], ["Returns"]], shown

conversations.complete_conversation(name=conversations.conversation_path(PROJECT, conversation_id))
profiles.delete_conversation_profile(name=profiles.conversation_profile_path(PROJECT, profile_id))
document = documents.document_path(PROJECT, knowledge_base_id, document_id)
documents.delete_document(name=document).result(timeout=WAIT_SECONDS)
knowledge_bases.delete_knowledge_base(name=f"{PARENT}/knowledgeBases/{knowledge_base_id}")
try:
    documents.get_document(name=document)
except exceptions.NotFound:
    print("all of it is gone")
else:
    sys.exit("the document is still there")
