#!/bin/sh
# Pushes samples of one machine to the HTTP source of an edge, through a spool: see docs/edge.md.
#
#   PRESS_TOKEN=… sh push.sh http://127.0.0.1:9466/readings "Presse 3" spool [COUNT [SECONDS]]
#
# Kill it or the edge at any time and start it again: nothing is lost, and what is sent twice counts once. It needs
# curl, flock of util-linux, and a date that knows milliseconds (%3N).
set -eu
url=$1 machine=$2 spool=$3 count=${4:-100} seconds=${5:-1}
mkdir -p "$spool/waiting" "$spool/refused"
exec 9>"$spool/lock"
flock -n 9 || { echo "another process has the spool $spool" >&2; exit 1; }
[ -f "$spool/boot" ] || { date +%s%3N >"$spool/boot.new"; mv "$spool/boot.new" "$spool/boot"; }
boot=$(cat "$spool/boot")

# The number of the last sample: of the files that wait, or of the last one that was answered.
last=$( { cat "$spool/last" 2>/dev/null || echo 0; ls "$spool/waiting" "$spool/refused"; } | grep -E '^[0-9]+$' | sort -n | tail -1)

# What a machine says: replace this.
sample() {
  printf '{"machine": "%s", "time": %s, "values": {"number": %d, "temperature": 41.5}}' \
    "$machine" "$(date +%s%3N)" "$1"
}

# Sends what waits, the oldest first. What is not answered stays.
push() {
  for number in $(ls "$spool/waiting" | grep -E '^[0-9]+$' | sort -n); do
    # Who is left over when this script is killed does not keep the lock (9>&-).
    answer=$(curl -s -o "$spool/answer" -w '%{http_code}' --max-time 15 "$url" \
      -H "Authorization: Bearer $PRESS_TOKEN" -H "Idempotency-Key: $boot-$number" \
      --data-binary "@$spool/waiting/$number" 9>&-) || answer=000
    case $answer in
      200)
        echo "$number" >"$spool/last.new"; mv "$spool/last.new" "$spool/last"
        rm "$spool/waiting/$number" ;;
      400|413|422)
        # It would be refused again. Kept for whoever has to look at it.
        echo "$number is refused: $(cat "$spool/answer")" >&2
        mv "$spool/waiting/$number" "$spool/refused/$number" ;;
      *) echo "$number is not in the log yet ($answer)" >&2; return ;;
    esac
  done
}

while [ "$last" -lt "$count" ]; do
  last=$((last + 1))
  sample "$last" >"$spool/waiting/$last.new"
  sync "$spool/waiting/$last.new" 9>&-
  mv "$spool/waiting/$last.new" "$spool/waiting/$last"
  push
  sleep "$seconds" 9>&-
done
while [ -n "$(ls "$spool/waiting" | grep -E '^[0-9]+$')" ]; do push; sleep 0.5 9>&-; done
