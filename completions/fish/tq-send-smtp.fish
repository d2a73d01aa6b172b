complete -c tq-send-smtp -l host -d 'Relay to send through' -r
complete -c tq-send-smtp -l port -d 'Its port, if not the usual one for --tls' -r
complete -c tq-send-smtp -l tls -d 'How the line is protected; implicit unless said otherwise' -r -f -a "implicit\t'From the first byte (port 465)'
starttls\t'After STARTTLS, which the relay must offer (port 587)'
none\t'Not at all; never with a login except on loopback (port 25)'"
complete -c tq-send-smtp -l username -d 'Log in as this user; no login otherwise' -r
complete -c tq-send-smtp -l password-file -d 'File that holds the password, mode 0600' -r -F
complete -c tq-send-smtp -l password-command -d 'Program that prints that password, with its arguments; no shell' -r
complete -c tq-send-smtp -l token-file -d 'File that holds an OAuth 2.0 token to log in with, mode 0600' -r -F
complete -c tq-send-smtp -l token-command -d 'Program that prints such a token, with its arguments; no shell' -r
complete -c tq-send-smtp -l ca-file -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c tq-send-smtp -l client-cert-file -d 'Certificate to show the relay, a PEM file with its chain' -r -F
complete -c tq-send-smtp -l client-key-file -d 'File that holds that certificate\'s key, mode 0600' -r -F
complete -c tq-send-smtp -l pin-sha256 -d 'Trust the relay whose key has this SHA-256, whoever vouches for it, and no other' -r
complete -c tq-send-smtp -l timeout -d 'Wait this long for each answer, instead of as long as RFC 5321 asks' -r
complete -c tq-send-smtp -l final-timeout -d 'Wait this long for the answer to the final dot, whatever --timeout says' -r
complete -c tq-send-smtp -l connections -d 'Send over as many sessions at once' -r
complete -c tq-send-smtp -l rate -d 'Begin no more mails than that: 30/min, 2/s, 500/h' -r
complete -c tq-send-smtp -l maildir -d 'Deliver into this Maildir instead of a relay' -r -F
complete -c tq-send-smtp -l state -d 'The state that is remembered between runs' -r -F
complete -c tq-send-smtp -l queue -d 'List what was not delivered; retry: try it in the next run; drop: give it up' -r
complete -c tq-send-smtp -l metrics -d 'At the end of a run write metrics into this file, for Prometheus' -r -F
complete -c tq-send-smtp -l run -d 'Be a part of the run that began then, and not a run by itself' -r
complete -c tq-send-smtp -l ended -d 'Say that this run has ended so, and send nothing' -r
complete -c tq-send-smtp -l config -d 'Read settings from this TOML file; flags beat it' -r -F
complete -c tq-send-smtp -s v -l verbosity -d 'Say more on standard error: 1 failures and warnings, 2 steps, 3 everything' -r
complete -c tq-send-smtp -l color -d 'Use colour on a terminal' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'On every terminal'
never\t'Nowhere'"
complete -c tq-send-smtp -l check -d 'Ask the relay whether mail could be sent, and send nothing'
complete -c tq-send-smtp -l dry-run -d 'Say what would be sent, ask nobody, send and remember nothing'
complete -c tq-send-smtp -l dead-letters -d 'Print what was refused for good as records, to be sent anew'
complete -c tq-send-smtp -l status -d 'Say how things stand: the last run, what waits, and how far each source was read'
complete -c tq-send-smtp -l json -d 'With --status: as JSON also on a terminal'
complete -c tq-send-smtp -l print-config -d 'Show all settings and where each comes from: a flag, the environment, the file or the default'
complete -c tq-send-smtp -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tq-send-smtp -s V -l version -d 'Print version'
