//! Values that have hurt programs before: our own choice, after the kinds of public lists.

/// What stands in the places of values.
pub(crate) fn values() -> Vec<String> {
    let mut values: Vec<String> = VALUES.iter().map(|value| (*value).to_owned()).collect();
    values.extend([
        "a".repeat(2_500),
        "例".repeat(2_500),
        "a ".repeat(500_000),
        "http://evil.example/".repeat(200),
    ]);
    // C0, DEL and C1, each where it could do something.
    values
        .extend((0..0x20).chain(0x7F..0xA0).filter_map(char::from_u32).map(|control| format!("a{control}b")));
    values.extend(smuggling());
    values
}

/// Ends of data as relays have read them, with a second mail behind.
pub(super) fn smuggling() -> Vec<String> {
    let ends = ["\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\n\0"];
    let pairs = ends.iter().flat_map(|before| ends.map(|after| format!("{before}.{after}")));
    let mail =
        "MAIL FROM:<evil@evil.example>\r\nRCPT TO:<ceo@example.com>\r\nDATA\r\nSubject: forged\r\n\r\nx";
    pairs.map(|end| format!("7.8.9.0{end}{mail}{end}")).collect()
}

const VALUES: [&str; 80] = [
    "",
    " ",
    ".",
    "..",
    ".\r\n",
    "\r\n",
    "undefined",
    "null",
    "none",
    "true",
    "0",
    "-1",
    "1e1000",
    "NaN",
    "\\",
    "\\\\",
    "'",
    "\"",
    "`",
    "`id`",
    "$(id)",
    "; id",
    "| id",
    "&& id",
    "../../etc/passwd",
    "%00",
    "%s%n",
    "${7*7}",
    "#{7*7}",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "{# #}",
    "{{ source }}",
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>",
    "\"><b>",
    "'><b>",
    "</title><b>",
    "</style><b>",
    "<!-- -->",
    "--><b>",
    "<![CDATA[x]]>",
    "]]>",
    "<!--[if mso]><b><![endif]-->",
    "<?php id ?>",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "&amp;",
    "<style>*{background:url(//evil.example)}</style>",
    "<meta http-equiv=refresh>",
    "<base href=//evil.example>",
    "<iframe src=//evil.example>",
    "javascript:alert(1)",
    "data:text/html,<b>x",
    "vbscript:msgbox",
    "http://evil.example/a?b=c&d=e#f",
    "HTTPS://EVIL.EXAMPLE/",
    "ftp://evil.example",
    "www.evil.example",
    "evil.example",
    "a@evil.example",
    "\\\\evil.example\\share\\x",
    "file://evil.example/x",
    "//evil.example/x",
    "\u{202E}gpj.exe",
    "\u{2066}x\u{2069}",
    "a\u{200B}b\u{200D}c\u{FEFF}d",
    "\u{E0041}\u{E0042}",
    "\u{2028}x\u{2029}y",
    "\u{1F468}\u{200D}\u{1F469}",
    "Z\u{351}\u{36B}\u{343}a\u{321}lgo",
    "pаypal.example",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "Subject: forged\r\nBcc: evil@evil.example",
    "=?utf-8?q?=0D=0ABcc:_evil?=",
];
