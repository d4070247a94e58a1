#!/bin/sh
# A chat, a stream and a message with nothing but curl:  sh examples/curl.sh
set -eu
url=${GALLEY_URL:-http://127.0.0.1:8000}
json="Content-Type: application/json"

curl --silent --show-error --fail "$url/v1/chat/completions" -H "$json" -d '{
  "messages": [{"role": "user", "content": "Tell me a story."}],
  "max_completion_tokens": 30
}'
echo

curl --silent --show-error --fail --no-buffer "$url/v1/chat/completions" -H "$json" -d '{
  "messages": [{"role": "user", "content": "Tell me a story."}],
  "max_completion_tokens": 5, "stream": true
}'

curl --silent --show-error --fail "$url/v1/messages" -H "$json" -H "x-api-key: none" -d '{
  "messages": [{"role": "user", "content": "Tell me a story."}],
  "max_tokens": 30
}'
echo
