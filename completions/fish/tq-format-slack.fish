complete -c tq-format-slack -l channels -d 'Post to these channels, separated by commas, by name or id' -r
complete -c tq-format-slack -l users -d 'Write to these people, separated by commas, by name, e-mail address or id' -r
complete -c tq-format-slack -l defang -d 'Which values are made unclickable; auto unless said otherwise' -r -f -a "auto\t'What mail programs make links of: URLs, domains, addresses, network paths'
all\t'IP addresses as well'
never\t'Nothing'"
complete -c tq-format-slack -l timezone -d 'Show times in this zone, such as Europe/Berlin; UTC unless said otherwise' -r
complete -c tq-format-slack -l max-items -d 'List at most so many items in a digest; 20 unless said otherwise' -r
complete -c tq-format-slack -l max-messages -d 'Make at most so many messages about single objects in a run, and one digest of the rest; 20 unless said otherwise' -r
complete -c tq-format-slack -l taken -d 'Make no messages of alerts that this outbox has taken already; it is only read' -r -F
complete -c tq-format-slack -l link-host -d 'Host that links may lead to, if not that of ThreatQ in the configuration' -r
complete -c tq-format-slack -l config -d 'Read settings from this TOML file; flags beat it' -r -F
complete -c tq-format-slack -s v -l verbosity -d 'Say more on standard error: 1 failures and warnings, 2 steps, 3 everything' -r
complete -c tq-format-slack -l color -d 'Use colour on a terminal' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'On every terminal'
never\t'Nowhere'"
complete -c tq-format-slack -l print-config -d 'Show all settings and where each comes from: a flag, the environment, the file or the default'
complete -c tq-format-slack -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tq-format-slack -s V -l version -d 'Print version'
