"""Drives a server with Google's own asynchronous Python clients.

    python conversations_async_client.py HOST:PORT [GROUP ...]

Prints one line per check and exits with 1 where one failed. Without groups it runs all of them. Every check works in a
project of its own, so that checks neither see each other nor what an earlier run has left.
"""

import asyncio
import json
import sys
import traceback
import urllib.request
import uuid
from dataclasses import dataclass

import grpc
from google.api_core import exceptions
from google.cloud import dialogflow_v2beta1 as dialogflow
from google.cloud.dialogflow_v2beta1.services.answer_records.transports import AnswerRecordsGrpcAsyncIOTransport
from google.cloud.dialogflow_v2beta1.services.conversation_profiles.transports import (
    ConversationProfilesGrpcAsyncIOTransport,
)
from google.cloud.dialogflow_v2beta1.services.conversations.transports import ConversationsGrpcAsyncIOTransport
from google.cloud.dialogflow_v2beta1.services.documents.transports import DocumentsGrpcAsyncIOTransport
from google.cloud.dialogflow_v2beta1.services.knowledge_bases.transports import KnowledgeBasesGrpcAsyncIOTransport
from google.cloud.dialogflow_v2beta1.services.participants.transports import ParticipantsGrpcAsyncIOTransport
from google.rpc import error_details_pb2
from proto.datetime_helpers import DatetimeWithNanoseconds

Lifecycle = dialogflow.Conversation.LifecycleState
Stage = dialogflow.Conversation.ConversationStage
Role = dialogflow.Participant.Role

CHECKS = []


def check(group):
    """Registers a coroutine function as a check of a group; its docstring says what holds."""

    def register(function):
        CHECKS.append((group, function))
        return function

    return register


@dataclass
class Scene:
    """The clients, and a project that nobody else uses."""

    conversations: dialogflow.ConversationsAsyncClient
    profiles: dialogflow.ConversationProfilesAsyncClient
    participants: dialogflow.ParticipantsAsyncClient
    knowledge_bases: dialogflow.KnowledgeBasesAsyncClient
    documents: dialogflow.DocumentsAsyncClient
    answer_records: dialogflow.AnswerRecordsAsyncClient
    address: str
    project: str

    @property
    def parent(self):
        return self.conversations.common_project_path(self.project)

    async def profile(self):
        """Creates a profile and answers its name."""
        profile = await self.profiles.create_conversation_profile(
            parent=self.parent, conversation_profile=dialogflow.ConversationProfile(display_name="desk")
        )
        return profile.name

    async def conversation(self, profile=None):
        """Creates a conversation."""
        return await self.conversations.create_conversation(
            parent=self.parent,
            conversation=dialogflow.Conversation(conversation_profile=profile or await self.profile()),
        )

    async def participant(self, conversation, role):
        """Creates a participant and answers its name."""
        participant = await self.participants.create_participant(
            parent=conversation, participant=dialogflow.Participant(role=role)
        )
        return participant.name

    async def dialogue(self):
        """Creates a conversation with two people and answers the three names."""
        conversation = (await self.conversation()).name
        return (
            conversation,
            await self.participant(conversation, Role.END_USER),
            await self.participant(conversation, Role.HUMAN_AGENT),
        )

    async def operation(self):
        """Sets a suggestion feature of a new profile and answers the operation as it is when it is done."""
        begun = await self.profiles.set_suggestion_feature_config(
            dialogflow.SetSuggestionFeatureConfigRequest(
                conversation_profile=await self.profile(),
                participant_role=Role.END_USER,
                suggestion_feature_config=dialogflow.HumanAgentAssistantConfig.SuggestionFeatureConfig(
                    suggestion_feature=dialogflow.SuggestionFeature(type_=dialogflow.SuggestionFeature.Type.FAQ)
                ),
            )
        )
        profile = await begun.result()
        configs = profile.human_agent_assistant_config.end_user_suggestion_config.feature_configs
        equal(len(configs), 1, "the number of features")
        return await self.conversations.get_operation({"name": begun.operation.name})

    async def write(self, conversation, *messages):
        """Writes one batch and answers its messages."""
        reply = await self.conversations.batch_create_messages(
            request=dialogflow.BatchCreateMessagesRequest(
                parent=conversation,
                requests=[
                    dialogflow.CreateMessageRequest(parent=conversation, message=message) for message in messages
                ],
            )
        )
        return list(reply.messages)


def said(participant, content, second=0, nanosecond=123456789):
    """A message as a caller writes it."""
    return dialogflow.Message(
        content=content,
        participant=participant,
        send_time=DatetimeWithNanoseconds(2026, 2, 3, 4, 5, second, nanosecond=nanosecond),
    )


def text(words):
    """What somebody says in English."""
    return dialogflow.TextInput(text=words, language_code="en-US")


def equal(actual, expected, what):
    assert actual == expected, f"{what} is {actual!r} instead of {expected!r}"


def microseconds(time):
    return time.timestamp_pb().ToMicroseconds()


async def collected(pager):
    return [item async for item in pager]


async def raised(kind, call):
    """The exception that a call ends with, which has to be of a kind."""
    try:
        answer = await call
    except kind as error:
        return error
    raise AssertionError(f"the call answers {answer!r} instead of raising {kind.__name__}")


@check("conversations")
async def creates_under_an_id_of_the_caller(scene):
    """create_conversation takes the id of the caller"""
    profile = await scene.profile()
    created = await scene.conversations.create_conversation(
        request=dialogflow.CreateConversationRequest(
            parent=scene.parent,
            conversation=dialogflow.Conversation(conversation_profile=profile),
            conversation_id="case-17",
        )
    )
    equal(created.name, scene.conversations.conversation_path(scene.project, "case-17"), "name")
    equal(created.lifecycle_state, Lifecycle.IN_PROGRESS, "lifecycle_state")
    equal(created.conversation_stage, Stage.HUMAN_ASSIST_STAGE, "conversation_stage")
    equal(created.conversation_profile, profile, "conversation_profile")
    assert created.start_time is not None, "start_time is not set"
    assert created.end_time is None, "end_time is set"


@check("conversations")
async def creates_under_an_id_of_the_server(scene):
    """create_conversation makes ids of its own"""
    profile = await scene.profile()
    ids = set()
    for _ in range(2):
        created = await scene.conversation(profile)
        parts = scene.conversations.parse_conversation_path(created.name)
        equal(parts.get("project"), scene.project, "the project of the name")
        ids.add(parts["conversation"])
    equal(len(ids), 2, "the number of ids")


@check("conversations")
async def gets_in_both_name_forms(scene):
    """get_conversation answers a name as it was asked for"""
    created = await scene.conversation()
    conversation_id = scene.conversations.parse_conversation_path(created.name)["conversation"]
    location = scene.conversations.common_location_path(scene.project, "global")
    for name in (created.name, f"{location}/conversations/{conversation_id}"):
        read = await scene.conversations.get_conversation(name=name)
        equal(read.name, name, "name")
        equal(read.start_time, created.start_time, "start_time")
        equal(read.conversation_profile, created.conversation_profile, "conversation_profile")


@check("conversations")
async def takes_a_dict_for_a_request(scene):
    """get_conversation takes a dict for a request"""
    created = await scene.conversation()
    read = await scene.conversations.get_conversation({"name": created.name})
    equal(read, created, "the conversation")


@check("conversations")
async def lists_the_newest_start_first(scene):
    """list_conversations answers the newest start first"""
    profile = await scene.profile()
    created = [(await scene.conversation(profile)).name for _ in range(3)]
    listed = await collected(await scene.conversations.list_conversations(parent=scene.parent))
    equal([item.name for item in listed], created[::-1], "the list")


@check("conversations")
async def completes_once(scene):
    """complete_conversation sets end_time once"""
    created = await scene.conversation()
    first = await scene.conversations.complete_conversation(name=created.name)
    equal(first.lifecycle_state, Lifecycle.COMPLETED, "lifecycle_state")
    equal(first.conversation_stage, created.conversation_stage, "conversation_stage")
    assert first.end_time >= first.start_time, f"end_time {first.end_time} is before {first.start_time}"
    again = await scene.conversations.complete_conversation(name=created.name)
    equal(again, first, "the second answer")
    read = await scene.conversations.get_conversation(name=created.name)
    equal(read, first, "what get_conversation answers")


@check("setup")
async def profile_times(scene):
    """a profile shows its times to get_conversation_profile only"""
    created = await scene.profiles.create_conversation_profile(
        parent=scene.parent, conversation_profile=dialogflow.ConversationProfile(display_name="desk")
    )
    assert created.create_time is None, "the reply of create has a create_time"
    assert created.update_time is None, "the reply of create has an update_time"
    read = await scene.profiles.get_conversation_profile(name=created.name)
    equal(read.display_name, "desk", "display_name")
    assert read.create_time is not None, "create_time is not set"
    equal(read.update_time, read.create_time, "update_time")


@check("setup")
async def participants(scene):
    """participants are created, got and listed"""
    conversation, end_user, human_agent = await scene.dialogue()
    read = await scene.participants.get_participant(name=end_user)
    equal((read.name, read.role), (end_user, Role.END_USER), "the participant")
    listed = await collected(await scene.participants.list_participants(parent=conversation))
    equal({item.name: item.role for item in listed}, {end_user: Role.END_USER, human_agent: Role.HUMAN_AGENT}, "the list")


@check("messages")
async def answers_a_batch_in_order(scene):
    """batch_create_messages answers in the order of its requests, under one create_time"""
    conversation, end_user, human_agent = await scene.dialogue()
    speakers = (end_user, human_agent, end_user)
    written = await scene.write(
        conversation, *(said(speaker, f"line {line}", line) for line, speaker in enumerate(speakers))
    )
    equal([message.content for message in written], ["line 0", "line 1", "line 2"], "the order")
    equal([message.participant for message in written], list(speakers), "participant")
    equal(
        [message.participant_role for message in written],
        [Role.END_USER, Role.HUMAN_AGENT, Role.END_USER],
        "participant_role",
    )
    equal([message.send_time.nanosecond for message in written], [123456789] * 3, "the nanoseconds of send_time")
    equal(len({microseconds(message.create_time) for message in written}), 1, "the number of create_times")
    for message in written:
        equal(
            scene.conversations.message_path(scene.project, *identifiers(message.name)),
            message.name,
            "the name that message_path builds",
        )


def identifiers(message_name):
    """The ids of the conversation and of the message."""
    parts = message_name.split("/")
    return parts[3], parts[5]


@check("messages")
async def answers_duplicates_as_stored(scene):
    """batch_create_messages answers the same participant and send_time as stored"""
    conversation, end_user, human_agent = await scene.dialogue()
    stored = await scene.write(conversation, said(end_user, "first"))
    again = await scene.write(conversation, said(end_user, "second"), said(human_agent, "third"))
    equal(again[0], stored[0], "the duplicate")
    listed = await collected(await scene.conversations.list_messages(parent=conversation))
    equal([message.content for message in listed], ["third", "first"], "the list")


@check("messages")
async def lists_the_newest_message_first(scene):
    """list_messages answers the newest first"""
    conversation, end_user, human_agent = await scene.dialogue()
    written = await scene.write(conversation, said(end_user, "a", 0), said(human_agent, "b", 1))
    written += await scene.write(conversation, said(end_user, "c", 2))
    listed = await collected(await scene.conversations.list_messages(parent=conversation))
    equal(listed, written[::-1], "the list")


@check("paging")
async def pages_of_conversations(scene):
    """list_conversations is paged without gaps"""
    profile = await scene.profile()
    created = [(await scene.conversation(profile)).name for _ in range(5)]
    request = {"parent": scene.parent, "page_size": 2}
    listed = await collected(await scene.conversations.list_conversations(request))
    equal([item.name for item in listed], created[::-1], "the list")


@check("paging")
async def pages_of_messages(scene):
    """list_messages is paged without gaps, and its pages keep to page_size"""
    conversation, end_user, _ = await scene.dialogue()
    written = []
    for line in range(5):
        written += await scene.write(conversation, said(end_user, f"line {line}", line))
    request = {"parent": conversation, "page_size": 2}
    listed = await collected(await scene.conversations.list_messages(request))
    equal(listed, written[::-1], "the list")
    pages = await collected((await scene.conversations.list_messages(request)).pages)
    equal([message for page in pages for message in page.messages], written[::-1], "the messages of the pages")
    assert all(len(page.messages) <= 2 for page in pages), "a page is larger than page_size"
    assert all(page.next_page_token for page in pages[:-1]), "a page before the last has no token"
    equal(pages[-1].next_page_token, "", "the token of the last page")


@check("polling")
async def polls_for_news(scene):
    """list_messages shows a poller what came after the newest message it knows, and that once"""
    conversation, end_user, human_agent = await scene.dialogue()
    seen = [message.name for message in await scene.write(conversation, said(end_user, "known", 0))]
    newest = (await collected(await scene.conversations.list_messages(parent=conversation)))[0].create_time
    for second in (1, 3):
        written = await scene.write(
            conversation, said(human_agent, "news", second), said(end_user, "more news", second + 1)
        )
        news = await collected(
            await scene.conversations.list_messages(
                {"parent": conversation, "filter": f"create_time_epoch_microseconds > {microseconds(newest)}"}
            )
        )
        equal(news, written[::-1], "the news")
        newest = news[0].create_time
        seen += [message.name for message in news]
    equal(len(set(seen)), 5, "the number of messages")


@check("errors")
async def not_found(scene):
    """an unknown conversation raises NotFound"""
    name = scene.conversations.conversation_path(scene.project, "nobody")
    for call in (
        scene.conversations.get_conversation(name=name),
        scene.conversations.complete_conversation(name=name),
        scene.conversations.list_messages(parent=name),
    ):
        error = await raised(exceptions.NotFound, call)
        equal((error.reason, error.domain), ("RESOURCE_NOT_FOUND", "parley"), "the ErrorInfo")


@check("errors")
async def unknown_profile(scene):
    """an unknown profile raises NotFound"""
    name = scene.conversations.conversation_profile_path(scene.project, "nobody")
    error = await raised(exceptions.NotFound, scene.conversation(name))
    equal(error.reason, "RESOURCE_NOT_FOUND", "reason")


@check("errors")
async def already_exists(scene):
    """an id that is taken raises AlreadyExists"""
    request = {
        "parent": scene.parent,
        "conversation": {"conversation_profile": await scene.profile()},
        "conversation_id": "taken",
    }
    await scene.conversations.create_conversation(request)
    error = await raised(exceptions.AlreadyExists, scene.conversations.create_conversation(request))
    equal(error.reason, "RESOURCE_ALREADY_EXISTS", "reason")


@check("errors")
async def failed_precondition(scene):
    """a batch for a completed conversation raises FailedPrecondition"""
    conversation, end_user, _ = await scene.dialogue()
    await scene.conversations.complete_conversation(name=conversation)
    error = await raised(exceptions.FailedPrecondition, scene.write(conversation, said(end_user, "late")))
    equal(error.reason, "CONVERSATION_COMPLETED", "reason")


@check("errors")
async def invalid_argument(scene):
    """a conversation without a profile raises InvalidArgument, and its details name the field"""
    error = await raised(
        exceptions.InvalidArgument,
        scene.conversations.create_conversation({"parent": scene.parent, "conversation": {}}),
    )
    equal(error.reason, "FIELD_REQUIRED", "reason")
    fields = [
        violation.field
        for detail in error.details
        if isinstance(detail, error_details_pb2.BadRequest)
        for violation in detail.field_violations
    ]
    equal(fields, ["conversation.conversation_profile"], "the fields of the BadRequest")


@check("errors")
async def empty_request(scene):
    """a call without any argument raises InvalidArgument"""
    await raised(exceptions.InvalidArgument, scene.conversations.get_conversation())
    await raised(exceptions.InvalidArgument, scene.conversations.list_conversations())


@check("errors")
async def participant_of_other_conversation(scene):
    """a message by a participant of another conversation raises InvalidArgument"""
    conversation, _, _ = await scene.dialogue()
    _, stranger, _ = await scene.dialogue()
    error = await raised(exceptions.InvalidArgument, scene.write(conversation, said(stranger, "hello")))
    equal(error.reason, "PARTICIPANT_OF_OTHER_CONVERSATION", "reason")


@check("turns")
async def stores_what_is_said(scene):
    """analyze_content stores what a participant says"""
    conversation, user, _ = await scene.dialogue()
    reply = await scene.participants.analyze_content(participant=user, text_input=text("Grüße 💬"))
    equal(reply.reply_text, "", "reply_text")
    equal("automated_agent_reply" in reply, False, "whether an agent replied")
    equal(reply.message.content, "Grüße 💬", "content")
    equal(reply.message.participant, user, "participant")
    equal(reply.message.participant_role, Role.END_USER, "participant_role")
    listed = await collected(await scene.conversations.list_messages(parent=conversation))
    equal(listed, [reply.message], "the list")


@check("turns")
async def takes_a_request_once(scene):
    """analyze_content takes a request_id for one request"""
    conversation, user, _ = await scene.dialogue()
    request = dialogflow.AnalyzeContentRequest(
        participant=user,
        text_input=text("once"),
        message_send_time=DatetimeWithNanoseconds(2026, 2, 3, 4, 5, 6, nanosecond=123456789),
        request_id=str(uuid.uuid4()),
    )
    replies = await asyncio.gather(*(scene.participants.analyze_content(request) for _ in range(5)))
    for reply in replies:
        equal(reply, replies[0], "the reply")
    equal(replies[0].message.send_time.nanosecond, 123456789, "the nanosecond of send_time")
    listed = await collected(await scene.conversations.list_messages(parent=conversation))
    equal(len(listed), 1, "the number of messages")


@check("turns")
async def streams_a_text(scene):
    """streaming_analyze_content takes one text and answers its message"""
    conversation, _, agent = await scene.dialogue()

    async def requests():
        yield dialogflow.StreamingAnalyzeContentRequest(
            participant=agent, text_config=dialogflow.InputTextConfig(language_code="en-US")
        )
        yield dialogflow.StreamingAnalyzeContentRequest(input_text="hello")

    replies = await collected(await scene.participants.streaming_analyze_content(requests()))
    listed = await collected(await scene.conversations.list_messages(parent=conversation))
    equal([reply.message for reply in replies if "message" in reply], listed, "the messages")
    equal([message.content for message in listed], ["hello"], "the list")


@check("errors")
async def turn_without_an_input(scene):
    """a turn without an input or a language raises InvalidArgument"""
    _, user, _ = await scene.dialogue()
    await raised(exceptions.InvalidArgument, scene.participants.analyze_content(participant=user))
    spoken = dialogflow.TextInput(text="hello")
    call = scene.participants.analyze_content(participant=user, text_input=spoken)
    await raised(exceptions.InvalidArgument, call)


QUESTIONS = """question,answer
What is the policy for returning an item?,"Items can be returned within 30 days, with the receipt."
How do I cancel my order?,Open the order and press Cancel.
"""
RETURNS = """Returning an item. Pack the item in its box and put the label on it. The policy is the same for all lamps: you have 30
days, and the courier fetches it from your door."""

# What is learned from: two replies of a human agent to each topic.
TALKS = [
    ("I want to return an item", "Do you still have the receipt?", "the receipt is here", "I send you a label."),
    ("please cancel my order", "Which order is it?", "it is order seven", "It is cancelled."),
    ("my parcel has not come", "Where was it sent to?", "to the office", "It comes tomorrow."),
]


async def document(scene, base, name, mime_type, kind, content):
    """Creates a document and answers its name, once it is active."""
    operation = await scene.documents.create_document(
        parent=base,
        document=dialogflow.Document(
            display_name=name, mime_type=mime_type, knowledge_types=[kind], raw_content=content.encode()
        ),
    )
    made = await operation.result()
    equal(operation.metadata.knowledge_base, base, "the knowledge base of the metadata")
    read = await scene.documents.get_document(name=made.name)
    equal(read.state, dialogflow.Document.State.ACTIVE, "the state of the document")
    return made.name


async def learn_replies(scene):
    """Writes conversations that people have had, and has their replies learned."""
    profile = await scene.profile()
    for talk in TALKS * 3:
        conversation = (await scene.conversation(profile)).name
        speakers = [await scene.participant(conversation, role) for role in (Role.END_USER, Role.HUMAN_AGENT)]
        await scene.write(conversation, *(said(speakers[line % 2], words, line) for line, words in enumerate(talk)))
        await scene.conversations.complete_conversation(name=conversation)
    # The client has no method for it: it is the server's own.
    request = urllib.request.Request(
        f"http://{scene.address}/admin/v1/{scene.parent}/replyModel:train",
        data=b"{}",
        headers={"content-type": "application/json"},
    )
    reply = await asyncio.to_thread(lambda: urllib.request.urlopen(request).read())
    name = json.loads(reply)["name"]
    while not (operation := await scene.conversations.get_operation({"name": name})).done:
        await asyncio.sleep(0.05)
    equal(operation.error.code, 0, "the code of the training")


@check("assist")
async def suggests_from_knowledge_base_to_end(scene):
    """a conversation is helped with, from its knowledge base to its end"""
    base = (
        await scene.knowledge_bases.create_knowledge_base(
            parent=scene.parent, knowledge_base=dialogflow.KnowledgeBase(display_name="lamps")
        )
    ).name
    types = dialogflow.Document.KnowledgeType
    faq = await document(scene, base, "questions", "text/csv", types.FAQ, QUESTIONS)
    article = await document(scene, base, "Returning an item", "text/plain", types.ARTICLE_SUGGESTION, RETURNS)
    await learn_replies(scene)

    assistant = dialogflow.HumanAgentAssistantConfig
    source = {"knowledge_bases": [base]}
    kinds = dialogflow.SuggestionFeature.Type
    features = [
        assistant.SuggestionFeatureConfig(
            suggestion_feature=dialogflow.SuggestionFeature(type_=kind),
            enable_event_based_suggestion=True,
            suggestion_trigger_settings={"no_small_talk": True, "only_end_user": True},
            query_config=assistant.SuggestionQueryConfig(
                knowledge_base_query_source=source if kind != kinds.SMART_REPLY else None, max_results=3
            ),
        )
        for kind in (kinds.ARTICLE_SUGGESTION, kinds.FAQ, kinds.SMART_REPLY)
    ]
    profile = await scene.profiles.create_conversation_profile(
        parent=scene.parent,
        conversation_profile=dialogflow.ConversationProfile(
            display_name="desk",
            human_agent_assistant_config=assistant(human_agent_suggestion_config={"feature_configs": features}),
        ),
    )
    conversation = (await scene.conversation(profile.name)).name
    user = await scene.participant(conversation, Role.END_USER)
    agent = await scene.participant(conversation, Role.HUMAN_AGENT)
    talk = [
        (agent, "Hi, how are you?"),
        (user, "I am doing well, how about you?"),
        (agent, "Great. How can I help you?"),
        (user, "So I want to return an item, what is the policy?"),
        (user, "Cancel my order."),
    ]
    replies = []
    for participant, words in talk:
        reply = await scene.participants.analyze_content(participant=participant, text_input=text(words))
        equal(reply.message.content, words, "content")
        equal(
            [result._pb.WhichOneof("suggestion_response") for result in reply.human_agent_suggestion_results],
            ["suggest_articles_response", "suggest_faq_answers_response", "suggest_smart_replies_response"],
            "the kinds of the results",
        )
        replies.append(reply)
    answers = [reply.human_agent_suggestion_results[1].suggest_faq_answers_response.faq_answers for reply in replies]
    equal([len(each) for each in answers[:3]], [0, 0, 0], "the answers to small talk")
    answer = answers[3][0]
    equal(answer.answer, "Items can be returned within 30 days, with the receipt.", "the answer")
    equal(answer.source, faq, "the document of the answer")
    equal(answers[4][0].answer, "Open the order and press Cancel.", "the second answer")
    articles, _, smart_replies = replies[3].human_agent_suggestion_results
    equal(articles.suggest_articles_response.article_answers[0].title, "Returning an item", "the article")
    equal(
        smart_replies.suggest_smart_replies_response.smart_reply_answers[0].reply,
        "Do you still have the receipt?",
        "the reply",
    )

    latest = replies[3].message.name
    asked = await scene.participants.suggest_faq_answers({"parent": agent, "latest_message": latest})
    equal(asked.faq_answers[0].answer, answer.answer, "the answer that is asked for")
    equal((asked.latest_message, asked.context_size), (latest, 4), "the context")
    asked = await scene.participants.suggest_articles({"parent": agent, "context_size": 2})
    equal((asked.article_answers[0].title, asked.context_size), ("Returning an item", 2), "the article")
    asked = await scene.participants.suggest_smart_replies({"parent": agent, "current_text_input": text("Which")})
    equal(asked.smart_reply_answers[0].reply, "Which order is it?", "the reply that goes on")
    listed = await collected(await scene.participants.list_suggestions({"parent": agent}))
    equal(
        [suggestion.faq_answers[0].question for suggestion in listed],
        ["How do I cancel my order?", "What is the policy for returning an item?"],
        "the list of suggestions",
    )
    compiled = await scene.participants.compile_suggestion({"parent": agent, "latest_message": latest})
    equal(compiled.suggestion.faq_answers[0].answer, answer.answer, "the compiled answer")
    equal(compiled.suggestion.articles[0].title, "Returning an item", "the compiled article")

    told = await scene.answer_records.update_answer_record(
        answer_record=dialogflow.AnswerRecord(
            name=answer.answer_record,
            answer_feedback=dialogflow.AnswerFeedback(
                correctness_level=dialogflow.AnswerFeedback.CorrectnessLevel.FULLY_CORRECT, clicked=True
            ),
        ),
        update_mask={"paths": ["answer_feedback"]},
    )
    equal(told.agent_assistant_record.faq_answer.answer, answer.answer, "the answer of the record")
    equal(await scene.answer_records.get_answer_record({"name": told.name}), told, "the record")
    records = await collected(
        await scene.answer_records.list_answer_records(
            {"parent": scene.parent, "filter": f"conversation_id={conversation.rsplit('/')[-1]}", "page_size": 4}
        )
    )
    equal([record for record in records if record.answer_feedback.clicked], [told], "the records that were clicked")

    completed = await scene.conversations.complete_conversation(name=conversation)
    equal(completed.lifecycle_state, Lifecycle.COMPLETED, "lifecycle_state")
    error = await raised(
        exceptions.FailedPrecondition,
        scene.participants.analyze_content(participant=user, text_input=text("too late")),
    )
    equal(error.reason, "CONVERSATION_COMPLETED", "reason")
    await scene.profiles.delete_conversation_profile(name=profile.name)
    for name in (faq, article):
        operation = await scene.documents.delete_document(name=name)
        await operation.result()
        await raised(exceptions.NotFound, scene.documents.get_document(name=name))
    await scene.knowledge_bases.delete_knowledge_base(name=base)
    await raised(exceptions.NotFound, scene.knowledge_bases.get_knowledge_base(name=base))
    listed = await collected(await scene.conversations.list_messages(parent=conversation))
    equal([message.content for message in listed], [words for _, words in talk[::-1]], "the list")


@check("assist")
async def tells_why_a_document_is_refused(scene):
    """a document that cannot be read ends its operation with what is wrong"""
    base = await scene.knowledge_bases.create_knowledge_base(
        parent=scene.parent, knowledge_base=dialogflow.KnowledgeBase(display_name="lamps")
    )
    call = document(scene, base.name, "d", "text/csv", dialogflow.Document.KnowledgeType.FAQ, "only\nquestions\n")
    # This client makes no difference between the codes of operations.
    error = await raised(exceptions.GoogleAPICallError, call)
    assert "two columns" in error.message, error.message


@check("mixins")
async def locations(scene):
    """get_location and list_locations answer the locations of a project"""
    name = scene.conversations.common_location_path(scene.project, "global")
    location = await scene.conversations.get_location({"name": name})
    equal((location.name, location.location_id), (name, "global"), "the location")
    # The lists of these services come as they are on the wire, without a pager.
    listed = await scene.conversations.list_locations({"name": scene.parent})
    assert location in listed.locations, "the list misses the location"


@check("mixins")
async def operations(scene):
    """list_operations and get_operation answer the operations of a project"""
    listed = await scene.conversations.list_operations({"name": scene.parent})
    equal(list(listed.operations), [], "the list before any operation")
    done = await scene.operation()
    read = await scene.conversations.get_operation({"name": done.name})
    equal(read, done, "the operation")
    listed = await scene.conversations.list_operations({"name": scene.parent, "filter": "done = true"})
    equal(list(listed.operations), [done], "the list")


@check("mixins")
async def cancels_an_operation(scene):
    """cancel_operation leaves an operation that is done"""
    done = await scene.operation()
    equal(await scene.conversations.cancel_operation({"name": done.name}), None, "the answer")
    read = await scene.conversations.get_operation({"name": done.name})
    equal(read, done, "the operation")


# Methods of other services, and a name in a project that each of them refuses with NOT_FOUND.
MIXINS = {
    "get_location": "projects/{project}/locations/nowhere",
    "get_operation": "projects/{project}/operations/nothing",
    "cancel_operation": "projects/{project}/operations/nothing",
}


@check("mixins")
async def unknown_names(scene):
    """the methods of other services do not find what is not there"""
    for method, name in MIXINS.items():
        call = getattr(scene.conversations, method)({"name": name.format(project=scene.project)})
        # Mixins of this version raise what the channel raises, not what the other methods map it to.
        error = await raised(grpc.aio.AioRpcError, call)
        equal(error.code(), grpc.StatusCode.NOT_FOUND, f"the code of {method}")


async def passes(group, function, surroundings):
    """Runs a check and prints its line."""
    title = f"{group}: {function.__doc__}"
    try:
        await function(Scene(*surroundings, project=f"p-{uuid.uuid4().hex}"))
    except Exception as error:  # A check that breaks in any way is a check that fails.
        print(f"FAIL {title}: {type(error).__name__}: {error}")
        traceback.print_exc()
        return False
    print(f"ok   {title}")
    return True


async def run(address, groups):
    """Runs the checks of the groups and answers whether all of them passed."""
    async with grpc.aio.insecure_channel(address) as channel:
        surroundings = (
            dialogflow.ConversationsAsyncClient(transport=ConversationsGrpcAsyncIOTransport(channel=channel)),
            dialogflow.ConversationProfilesAsyncClient(
                transport=ConversationProfilesGrpcAsyncIOTransport(channel=channel)
            ),
            dialogflow.ParticipantsAsyncClient(transport=ParticipantsGrpcAsyncIOTransport(channel=channel)),
            dialogflow.KnowledgeBasesAsyncClient(transport=KnowledgeBasesGrpcAsyncIOTransport(channel=channel)),
            dialogflow.DocumentsAsyncClient(transport=DocumentsGrpcAsyncIOTransport(channel=channel)),
            dialogflow.AnswerRecordsAsyncClient(transport=AnswerRecordsGrpcAsyncIOTransport(channel=channel)),
            address,
        )
        chosen = [entry for entry in CHECKS if not groups or entry[0] in groups]
        results = [await passes(group, function, surroundings) for group, function in chosen]
    return all(results)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    address, *groups = sys.argv[1:]
    unknown = sorted(set(groups) - {group for group, _ in CHECKS})
    if unknown:
        sys.exit(f"no such group: {', '.join(unknown)}")
    sys.exit(0 if asyncio.run(run(address, groups)) else 1)


if __name__ == "__main__":
    main()
