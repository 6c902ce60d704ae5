#!/bin/sh
# A conversation over REST, from its beginning to its end. Needs curl and sed.
set -eu

api="http://${DIALOGFLOW_EMULATOR_HOST:-127.0.0.1:8470}/v2beta1"
parent="projects/${GOOGLE_CLOUD_PROJECT:-demo}/locations/global"

# post PATH JSON: fails where the server refuses, and then shows its reasons.
post() {
  curl --silent --show-error --fail-with-body -H 'content-type: application/json' "$api/$1" -d "$2"
}

# Every resource that is made tells its name first.
name_of() {
  sed 's/^{"name":"\([^"]*\)".*/\1/'
}

# A profile says how conversations are led. `parley exec` and `parley serve --demo` make one that is called "demo".
conversation=$(post "$parent/conversations" '{"conversationProfile": "'"$parent"'/conversationProfiles/demo"}' | name_of)
customer=$(post "$conversation/participants" '{"role": "END_USER"}' | name_of)
agent=$(post "$conversation/participants" '{"role": "HUMAN_AGENT"}' | name_of)

# A batch stores messages that were said elsewhere. The same participant and sendTime is the same message: sending a
# batch again doubles nothing.
post "$conversation/messages:batchCreate" '{"requests": [
  {"message": {"participant": "'"$customer"'", "sendTime": "2026-01-01T12:00:00Z", "content": "Where is my order?"}},
  {"message": {"participant": "'"$agent"'", "sendTime": "2026-01-01T12:00:30Z", "content": "It left our house this morning."}},
  {"message": {"participant": "'"$customer"'", "sendTime": "2026-01-01T12:01:00Z", "content": "Thank you!"}}
]}' > /dev/null

# Lists have the newest message first. A program would read the JSON; here each message gets a line of its own.
curl --silent --show-error --fail-with-body "$api/$conversation/messages" |
  tr '{' '\n' |
  sed -n 's/.*"content":"\([^"]*\)".*"participantRole":"\([^"]*\)".*/\2: \1/p' |
  sed '1!G;h;$!d'

post "$conversation:complete" '{}' | tr ',' '\n' | sed -n 's/.*"lifecycleState":"\([^"]*\)".*/\1/p'
