complete -c tq-fetch-collection -l collection -d 'Data collection by name or hash; may be given several times' -r
complete -c tq-fetch-collection -l objects -d 'Only objects of these types, separated by commas; those that the collection selects otherwise' -r
complete -c tq-fetch-collection -l notify -d 'What is reported: new items, or any that were touched; new unless said otherwise' -r -f -a "new\t'New items'
any\t'New items, and items that were touched'"
complete -c tq-fetch-collection -l rescan -d 'How often all of it is read, and not only what was touched; 24h unless said otherwise' -r
complete -c tq-fetch-collection -l since -d 'Without a state: report what was touched since then as if nothing were known' -r
complete -c tq-fetch-collection -l backfill -d 'Where something is looked at for the first time, report what was touched since then' -r
complete -c tq-fetch-collection -l limit -d 'End after so many alerts, and let nothing be remembered' -r
complete -c tq-fetch-collection -l threatq -d 'Address of ThreatQ, https or, on loopback only, http' -r
complete -c tq-fetch-collection -l client-id -d 'Client ID: My Account, API Credentials in ThreatQ' -r
complete -c tq-fetch-collection -l email -d 'Log in as this user' -r
complete -c tq-fetch-collection -l password-file -d 'File that holds the user\'s password, mode 0600' -r -F
complete -c tq-fetch-collection -l password-command -d 'Program that prints that password, with its arguments; no shell' -r
complete -c tq-fetch-collection -l client-secret-file -d 'File that holds a client secret, mode 0600; then no user is needed' -r -F
complete -c tq-fetch-collection -l client-secret-command -d 'Program that prints such a secret, with its arguments; no shell' -r
complete -c tq-fetch-collection -l login-encoding -d 'How the password travels; what ThreatQ understands unless said otherwise' -r -f -a "query\t'Grant and client ID in the address, user and password as JSON'
json\t'All of it as JSON'
form\t'All of it as a form'"
complete -c tq-fetch-collection -l ca-file -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c tq-fetch-collection -l pin-sha256 -d 'Trust the ThreatQ whose key has this SHA-256, whoever vouches for it, and no other' -r
complete -c tq-fetch-collection -l link-host -d 'Host that links in mails lead to, if not that of the address' -r
complete -c tq-fetch-collection -l proxy -d 'Ask ThreatQ through this HTTP proxy; the environment\'s is not used' -r
complete -c tq-fetch-collection -l threatq-timezone -d 'Zone of dates that do not say theirs; UTC unless said otherwise' -r
complete -c tq-fetch-collection -l concurrency -d 'How many requests may be under way at once; 4 unless said otherwise' -r
complete -c tq-fetch-collection -l state -d 'The state that is remembered between runs' -r -F
complete -c tq-fetch-collection -l config -d 'Read settings from this TOML file; flags beat it' -r -F
complete -c tq-fetch-collection -s v -l verbosity -d 'Say more on standard error: 1 failures and warnings, 2 steps, 3 everything' -r
complete -c tq-fetch-collection -l color -d 'Use colour on a terminal' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'On every terminal'
never\t'Nowhere'"
complete -c tq-fetch-collection -l removed -d 'Report also what left the collection'
complete -c tq-fetch-collection -l baseline -d 'Remember everything as it is now, and report nothing'
complete -c tq-fetch-collection -l dry-run -d 'Report, but let nothing be remembered: no marks, no checkpoint'
complete -c tq-fetch-collection -l print-config -d 'Show all settings and where each comes from: a flag, the environment, the file or the default'
complete -c tq-fetch-collection -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tq-fetch-collection -s V -l version -d 'Print version'
