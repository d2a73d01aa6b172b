//! The object types that every appliance has.
//!
//! Follows sections 3.2 and 3.4 of the API reference. Guesses: the ids of the object types other than incident (4), ttp (5),
//! attack pattern (6) and malware (9); the types of attachments and signatures; the statuses of signatures.

use super::object_type::{Family, ObjectType, StatusRow, TypeRow};

/// Every core object type of section 3.2.
pub fn all() -> Vec<ObjectType> {
    let mut all = vec![
        ObjectType::new(1, "campaign", "campaign", "Campaign", "Campaigns", Family::Custom),
        ObjectType::new(
            2,
            "course_of_action",
            "course_of_action",
            "Course of Action",
            "Courses of Action",
            Family::Custom,
        ),
        ObjectType::new(
            3,
            "exploit_target",
            "exploit_target",
            "Exploit Target",
            "Exploit Targets",
            Family::Custom,
        ),
        ObjectType::new(4, "incident", "incident", "Incident", "Incidents", Family::Custom),
        ObjectType::new(5, "ttp", "ttp", "TTP", "TTPs", Family::Custom),
        ObjectType::new(
            6,
            "attack_pattern",
            "attack_pattern",
            "Attack Pattern",
            "Attack Patterns",
            Family::Custom,
        ),
        ObjectType::new(7, "identity", "identity", "Identity", "Identities", Family::Custom),
        ObjectType::new(
            8,
            "intrusion_set",
            "intrusion_set",
            "Intrusion Set",
            "Intrusion Sets",
            Family::Custom,
        ),
        ObjectType::new(9, "malware", "malware", "Malware", "Malware", Family::Custom),
        ObjectType::new(10, "report", "report", "Report", "Reports", Family::Custom),
        ObjectType::new(11, "tool", "tool", "Tool", "Tools", Family::Custom),
        ObjectType::new(
            12,
            "vulnerability",
            "vulnerability",
            "Vulnerability",
            "Vulnerabilities",
            Family::Custom,
        ),
        ObjectType::new(13, "stix_pattern", "stix_pattern", "STIX Pattern", "STIX Patterns", Family::Custom),
        ObjectType::new(21, "indicator", "indicators", "Indicator", "Indicators", Family::Indicator),
        ObjectType::new(22, "adversary", "adversaries", "Adversary", "Adversaries", Family::Adversary),
        ObjectType::new(23, "event", "events", "Event", "Events", Family::Event),
        ObjectType::new(24, "attachment", "attachments", "Attachment", "Attachments", Family::Attachment),
        ObjectType::new(25, "signature", "signatures", "Signature", "Signatures", Family::Signature),
        ObjectType::new(26, "task", "tasks", "Task", "Tasks", Family::Task),
        ObjectType::new(
            27,
            "investigation",
            "investigations",
            "Investigation",
            "Investigations",
            Family::Investigation,
        ),
    ];
    for object_type in &mut all {
        let (types, statuses) = match object_type.family {
            Family::Indicator => {
                (indicator_types(), statuses(&["Active", "Expired", "Indirect", "Review", "Whitelisted"]))
            }
            Family::Event => (numbered(&EVENT_TYPES), Vec::new()),
            Family::Attachment => (numbered(&["Generic Text", "Malware Sample", "PDF", "STIX"]), Vec::new()),
            Family::Signature => (
                numbered(&["Snort", "YARA", "Custom"]),
                statuses(&["Active", "Expired", "Non-malicious", "Review", "Whitelisted"]),
            ),
            Family::Task => (Vec::new(), statuses(&["To Do", "In Progress", "Review", "Done"])),
            Family::Adversary | Family::Investigation | Family::Custom => (Vec::new(), Vec::new()),
        };
        object_type.types = types;
        object_type.statuses = statuses;
    }
    all
}

const EVENT_TYPES: [&str; 14] = [
    "Spearphish",
    "Watering Hole",
    "SQL Injection Attack",
    "DoS Attack",
    "Malware",
    "Watchlist",
    "Command and Control",
    "Anonymization",
    "Exfiltration",
    "Host Characteristics",
    "Compromised PKI Certificate",
    "Login Compromise",
    "Incident",
    "Sighting",
];

fn numbered(names: &[&str]) -> Vec<TypeRow> {
    (1..).zip(names).map(|(id, name)| TypeRow { id, name: (*name).into(), class: None }).collect()
}

fn statuses(names: &[&str]) -> Vec<StatusRow> {
    let row = |(id, name): (u64, &&str)| StatusRow {
        id,
        name: (*name).into(),
        description: format!("{name} in the library"),
    };
    (1..).zip(names).map(row).collect()
}

/// The ids of a newer installation (section 3.4); the classes are a guess but for those of the samples.
fn indicator_types() -> Vec<TypeRow> {
    [
        (2, "CIDR Block", "network"),
        (5, "Email Address", "network"),
        (6, "Email Subject", "network"),
        (8, "File Path", "host"),
        (9, "Filename", "host"),
        (11, "FQDN", "network"),
        (15, "IP Address", "network"),
        (16, "IPv6 Address", "network"),
        (18, "MD5", "host"),
        (19, "Mutex", "host"),
        (22, "Registry Key", "host"),
        (23, "SHA-1", "host"),
        (24, "SHA-256", "host"),
        (26, "SHA-512", "host"),
        (28, "String", "host"),
        (30, "URL", "network"),
        (31, "URL Path", "network"),
        (32, "User-agent", "network"),
    ]
    .map(|(id, name, class)| TypeRow { id, name: name.into(), class: Some(class) })
    .into()
}
