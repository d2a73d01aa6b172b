complete -c tq-format-email -l from -d 'Author of the mails: an address, with or without a name before it' -r
complete -c tq-format-email -l to -d 'Recipients, separated by commas; with routes, of what no route takes' -r
complete -c tq-format-email -l templates -d 'Take templates from this folder, file by file, before the built-in ones' -r -F
complete -c tq-format-email -l defang -d 'Which values are made unclickable; auto unless said otherwise' -r -f -a "auto\t'What mail programs make links of: URLs, domains, addresses, network paths'
all\t'IP addresses as well'
never\t'Nothing'"
complete -c tq-format-email -l timezone -d 'Show times in this zone, such as Europe/Berlin; UTC unless said otherwise' -r
complete -c tq-format-email -l max-items -d 'List at most so many items in the body of a digest; 50 unless said otherwise' -r
complete -c tq-format-email -l max-mails -d 'Send at most so many mails about single objects in a run, and one digest of the rest; 50 unless said otherwise' -r
complete -c tq-format-email -l max-size -d 'Make no mail larger than this; 10000000 unless said otherwise' -r
complete -c tq-format-email -l link-host -d 'Host that links may lead to, if not that of ThreatQ in the configuration' -r
complete -c tq-format-email -l preview -d 'Write the mails into this folder as well, as .eml, .txt and .html, with a page that lists them' -r -F
complete -c tq-format-email -l config -d 'Read settings from this TOML file; flags beat it' -r -F
complete -c tq-format-email -s v -l verbosity -d 'Say more on standard error: 1 failures and warnings, 2 steps, 3 everything' -r
complete -c tq-format-email -l color -d 'Use colour on a terminal' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'On every terminal'
never\t'Nowhere'"
complete -c tq-format-email -l validate -d 'Say the first rule that any stream of records breaks, and print nothing else'
complete -c tq-format-email -l print-config -d 'Show all settings and where each comes from: a flag, the environment, the file or the default'
complete -c tq-format-email -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tq-format-email -s V -l version -d 'Print version'
