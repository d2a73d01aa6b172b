complete -c tq-conn-email-alerts -l loglocation -d 'where the log NAME.log is written; stdout by default' -r -f -a "(__fish_complete_directories)"
complete -c tq-conn-email-alerts -s c -l config -d 'where the configuration NAME.toml is; the current directory by default' -r -f -a "(__fish_complete_directories)"
complete -c tq-conn-email-alerts -s v -l verbosity -d 'how much is logged, where 3 means everything; 1 by default' -r -f -a "1\t''
2\t''
3\t''"
complete -c tq-conn-email-alerts -s n -l name -d 'name of this instance; tq-conn-email-alerts by default' -r
complete -c tq-conn-email-alerts -l import -d 'write a configuration from that of ThreatQuotient\'s connector in DIR' -r -f -a "(__fish_complete_directories)"
complete -c tq-conn-email-alerts -l check -d 'try all parts, one line each; send and remember nothing'
complete -c tq-conn-email-alerts -l status -d 'say how things stand: the last run, what waits, how far each source was read'
complete -c tq-conn-email-alerts -l json -d 'with --status: as JSON also on a terminal'
complete -c tq-conn-email-alerts -s h -l help -d 'show this'
