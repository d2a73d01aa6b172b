complete -c tq-fetch-watchlist -l users -d 'Users by display name or e-mail, separated by commas' -r
complete -c tq-fetch-watchlist -l route -d 'How ThreatQ lists what a user watches: user, watchlist, watchlists, a path, collection:NAME or walk:NAME' -r
complete -c tq-fetch-watchlist -l import -d 'Print what the configuration file of ThreatQ\'s own connector says of ThreatQ, as lines of ours' -r -F
complete -c tq-fetch-watchlist -l since -d 'Without a state: report what was touched since then as if nothing were known' -r
complete -c tq-fetch-watchlist -l backfill -d 'Where something is looked at for the first time, report what was touched since then' -r
complete -c tq-fetch-watchlist -l limit -d 'End after so many alerts, and let nothing be remembered' -r
complete -c tq-fetch-watchlist -l threatq -d 'Address of ThreatQ, https or, on loopback only, http' -r
complete -c tq-fetch-watchlist -l client-id -d 'Client ID: My Account, API Credentials in ThreatQ' -r
complete -c tq-fetch-watchlist -l email -d 'Log in as this user' -r
complete -c tq-fetch-watchlist -l password-file -d 'File that holds the user\'s password, mode 0600' -r -F
complete -c tq-fetch-watchlist -l password-command -d 'Program that prints that password, with its arguments; no shell' -r
complete -c tq-fetch-watchlist -l client-secret-file -d 'File that holds a client secret, mode 0600; then no user is needed' -r -F
complete -c tq-fetch-watchlist -l client-secret-command -d 'Program that prints such a secret, with its arguments; no shell' -r
complete -c tq-fetch-watchlist -l login-encoding -d 'How the password travels; what ThreatQ understands unless said otherwise' -r -f -a "query\t'Grant and client ID in the address, user and password as JSON'
json\t'All of it as JSON'
form\t'All of it as a form'"
complete -c tq-fetch-watchlist -l ca-file -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c tq-fetch-watchlist -l pin-sha256 -d 'Trust the ThreatQ whose key has this SHA-256, whoever vouches for it, and no other' -r
complete -c tq-fetch-watchlist -l link-host -d 'Host that links in mails lead to, if not that of the address' -r
complete -c tq-fetch-watchlist -l proxy -d 'Ask ThreatQ through this HTTP proxy; the environment\'s is not used' -r
complete -c tq-fetch-watchlist -l threatq-timezone -d 'Zone of dates that do not say theirs; UTC unless said otherwise' -r
complete -c tq-fetch-watchlist -l concurrency -d 'How many requests may be under way at once; 4 unless said otherwise' -r
complete -c tq-fetch-watchlist -l state -d 'The state that is remembered between runs' -r -F
complete -c tq-fetch-watchlist -l config -d 'Read settings from this TOML file; flags beat it' -r -F
complete -c tq-fetch-watchlist -s v -l verbosity -d 'Say more on standard error: 1 failures and warnings, 2 steps, 3 everything' -r
complete -c tq-fetch-watchlist -l color -d 'Use colour on a terminal' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'On every terminal'
never\t'Nowhere'"
complete -c tq-fetch-watchlist -l removed -d 'Report also what left a watchlist'
complete -c tq-fetch-watchlist -l probe -d 'Try, read-only, by which route ThreatQ lists what users watch, and say what to set'
complete -c tq-fetch-watchlist -l settings -d 'Print what the configuration takes from settings in ThreatQ, for the connector'
complete -c tq-fetch-watchlist -l baseline -d 'Remember everything as it is now, and report nothing'
complete -c tq-fetch-watchlist -l dry-run -d 'Report, but let nothing be remembered: no marks, no checkpoint'
complete -c tq-fetch-watchlist -l print-config -d 'Show all settings and where each comes from: a flag, the environment, the file or the default'
complete -c tq-fetch-watchlist -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tq-fetch-watchlist -s V -l version -d 'Print version'
