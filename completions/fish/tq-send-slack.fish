complete -c tq-send-slack -l url -d 'Where Slack\'s methods are; <https://slack.com/api/> unless said otherwise' -r
complete -c tq-send-slack -l token-file -d 'File that holds the app\'s token, mode 0600' -r -F
complete -c tq-send-slack -l token-command -d 'Program that prints that token, with its arguments; no shell' -r
complete -c tq-send-slack -l proxy -d 'Ask Slack through this HTTP proxy' -r
complete -c tq-send-slack -l ca-file -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c tq-send-slack -l timeout -d 'Wait this long for each answer; 30 unless said otherwise' -r
complete -c tq-send-slack -l state -d 'The outbox, and what is remembered of it between runs' -r -F
complete -c tq-send-slack -l queue -d 'List what was not delivered; retry: try it in the next run; drop: give it up' -r
complete -c tq-send-slack -l metrics -d 'At the end of a run write metrics into this file, for Prometheus' -r -F
complete -c tq-send-slack -l run -d 'Be a part of the run that began then, and not a run by itself' -r
complete -c tq-send-slack -l ended -d 'Say that this run has ended so, and send nothing' -r
complete -c tq-send-slack -l config -d 'Read settings from this TOML file; flags beat it' -r -F
complete -c tq-send-slack -s v -l verbosity -d 'Say more on standard error: 1 failures and warnings, 2 steps, 3 everything' -r
complete -c tq-send-slack -l color -d 'Use colour on a terminal' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'On every terminal'
never\t'Nowhere'"
complete -c tq-send-slack -l take-over -d 'Only take messages over, as a sender before others: ask nobody, deliver nothing, pass all else on'
complete -c tq-send-slack -l check -d 'Ask Slack whose token it is, and post nothing'
complete -c tq-send-slack -l dry-run -d 'Say what would be posted, ask nobody, post and remember nothing'
complete -c tq-send-slack -l dead-letters -d 'Print what was refused for good as records, to be sent anew'
complete -c tq-send-slack -l status -d 'Say how things stand: the last run, what waits, and how far each source was read'
complete -c tq-send-slack -l json -d 'With --status: as JSON also on a terminal'
complete -c tq-send-slack -l print-config -d 'Show all settings and where each comes from: a flag, the environment, the file or the default'
complete -c tq-send-slack -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tq-send-slack -s V -l version -d 'Print version'
