#!/bin/sh
# What is suggested to a human agent when a customer says something, over REST. Needs curl, sed and base64.
set -eu

api="http://${DIALOGFLOW_EMULATOR_HOST:-127.0.0.1:8470}/v2beta1"
parent="projects/${GOOGLE_CLOUD_PROJECT:-demo}"
folder=$(dirname "$0")

# post PATH JSON: fails where the server refuses, and then shows its reasons.
post() {
  curl --silent --show-error --fail-with-body -H 'content-type: application/json' "$api/$1" -d "$2"
}

# Every resource that is made tells its name first.
name_of() {
  sed 's/^{"name":"\([^"]*\)".*/\1/'
}

# A knowledge base with one document: questions and their answers. Reading it is an operation.
base=$(post "$parent/knowledgeBases" '{"displayName": "Lamps"}' | name_of)
reading=$(post "$base/documents" '{
  "displayName": "Questions", "mimeType": "text/csv", "knowledgeTypes": ["FAQ"],
  "rawContent": "'"$(base64 < "$folder/questions.csv" | tr -d '\n')"'"
}' | name_of)
until curl --silent --show-error --fail-with-body "$api/$reading" | grep -q '"done":true'; do sleep 1; done

# A profile says what is suggested: answers from that base, and replies that human agents gave in such places.
profile=$(post "$parent/conversationProfiles" '{
  "displayName": "Assisted",
  "humanAgentAssistantConfig": {"humanAgentSuggestionConfig": {"featureConfigs": [
    {
      "suggestionFeature": {"type": "FAQ"},
      "queryConfig": {"maxResults": 1, "knowledgeBaseQuerySource": {"knowledgeBases": ["'"$base"'"]}}
    },
    {"suggestionFeature": {"type": "SMART_REPLY"}, "queryConfig": {"maxResults": 1}}
  ]}}
}' | name_of)

# Its conversations begin in the assist stage. What is suggested comes with each message, in the order of the profile.
conversation=$(post "$parent/conversations" '{"conversationProfile": "'"$profile"'"}' | name_of)
customer=$(post "$conversation/participants" '{"role": "END_USER"}' | name_of)
said='{"textInput": {"text": "Hello, where is my order?", "languageCode": "en"}}'
{ post "$customer:analyzeContent" "$said" && echo; } |
  tr '{' '\n' |
  sed -n -e 's/.*"answer":"\([^"]*\)".*/FAQ: \1/p' -e 's/.*"reply":"\([^"]*\)".*/SMART_REPLY: \1/p' \
    -e 's/.*"code":9,"message":"\([^"]*\)".*/\1/p'
