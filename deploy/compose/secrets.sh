#!/bin/sh
# Make the secrets of compose.yaml: `sh secrets.sh [FOLDER]`. Those that are there stay as they are.
# Compose mounts the files as they are, and containers run as users of their own: so each file can be read by all, and
# the folder is its owner's alone.
set -eu
umask 022
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# A secret is written only where there is none; what others are made of is read back.
keep() {
    [ -e "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"
    chmod 444 "$folder/$1"
}
value() { cat "$folder/$1"; }

keep postgres_password "$(random 24)"
keep database_url "postgresql://dragoman:$(value postgres_password)@postgres:5432/dragoman"

if [ ! -e "$folder/amqp_url" ]; then
    password=$(random 24)
    keep rabbitmq_account "default_user = dragoman
default_pass = $password
"
    keep amqp_url "amqp://dragoman:$password@rabbitmq:5672/"
fi

keep s3_access_key "$(random 10)"
keep s3_secret_key "$(random 20)"
keep s3_accounts "{\"identities\": [{\"name\": \"dragoman\", \"actions\": [\"Admin\", \"Read\", \"Write\", \"List\"],
  \"credentials\": [{\"accessKey\": \"$(value s3_access_key)\", \"secretKey\": \"$(value s3_secret_key)\"}]}]}
"

keep signing_key "$(random 32)"
keep encryption_key "$(random 32)"
keep grafana_password "$(random 12)"
keep openai_api_key ''                       # the key of DRAGOMAN_OPENAI_BASE_URL's server, where it wants one
keep alert_webhook 'http://127.0.0.1:9/none' # where Alertmanager posts alarms: an address that you name
printf 'The secrets are in %s. Keep a copy of signing_key and encryption_key with your backups.\n' "$folder" >&2
