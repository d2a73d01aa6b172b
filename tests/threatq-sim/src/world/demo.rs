//! The world of the demo: a small library, two analysts, one data collection, and the scenes that change it.
//!
//! The three indicators and the time of the first scene are those of the connector guide's example mails. Values are
//! from the documentation ranges or plainly invented, but for the guide's own.

use serde_json::json;

use super::World;

/// The names that [`World::play`] takes, in the order of the story.
pub const SCENES: [&str; 2] = ["added", "commented"];

/// When the scenes happen.
const SCENE: &str = "2021-10-28 20:32:57";

impl World {
    /// The demo before its scenes: Ana watches one adversary, and the collection holds two older indicators.
    pub fn demo() -> World {
        let mut world = World::empty();
        // Every name below is a literal of this file; `the_demo_world_is_whole` holds that no line of it fails.
        let _ = world.furnish();
        world
    }

    /// Plays a scene: `added` (Ana watches 7.8.9.0, and the collection gains three indicators), then `commented` (Cy
    /// comments on 7.8.9.0 twice).
    pub fn play(&mut self, scene: &str) -> Result<(), String> {
        match scene {
            "added" => self.play_added(),
            "commented" => self.play_commented(),
            _ => Err(format!("no scene {scene:?}; there are {}", SCENES.join(", "))),
        }
    }

    fn play_added(&mut self) -> Result<(), String> {
        self.set_clock(SCENE)?;
        let ana = self.user_by_email("ana@example.com")?.id;
        self.watch(ana, "indicators", 8)?;
        for id in [8, 9, 10] {
            self.add_tag("indicators", id, "ransomware")?;
        }
        Ok(())
    }

    /// Within the second of the first scene, so that the mail shows the guide's time; a client that compares stamps to
    /// the second and nothing else misses it, as it would with ThreatQ.
    fn play_commented(&mut self) -> Result<(), String> {
        let cy = self.user_by_email("cy@example.com")?.id;
        for (millis, text) in [
            (412, "Seen in the perimeter logs of two sites this morning."),
            (406, "<p>Blocked at the proxy; please keep an eye on it.</p>"),
        ] {
            self.advance_millis(millis);
            self.add_comment("indicators", 8, cy, text)?;
        }
        Ok(())
    }

    fn furnish(&mut self) -> Result<(), String> {
        self.set_clock("2021-09-14 07:55:03")?;
        let (ana, cy) = self.furnish_people()?;
        self.furnish_context(ana, cy)?;
        self.furnish_indicators()?;
        self.relate("malware", 4, "adversaries", 3)?;
        self.relate("report", 7, "malware", 4)?;
        self.relate("indicators", 5, "malware", 4)?;
        self.relate("events", 2, "indicators", 6)?;
        let query = json!({"criteria": {}, "filters": {"+and": [{"tags": "ransomware"}]}});
        self.add_saved_search(ana, "Ransomware IOCs", &["indicators"], query, true)?;
        self.set_clock("2021-10-28 20:00:00")
    }

    /// Ana, Cy and a private client.
    pub(super) fn furnish_people(&mut self) -> Result<(u64, u64), String> {
        let ana = self.add_user("ana@example.com", "Ana Ortiz", "watch-and-wait", "demo-client")?;
        let cy = self.add_user("cy@example.com", "Cy Young", "look-and-tell", "demo-client")?;
        self.set_client("demo-private", "demo-private-secret");
        Ok((ana, cy))
    }

    fn furnish_context(&mut self, ana: u64, cy: u64) -> Result<(), String> {
        self.add_object("adversaries", 3, "Copper Heron")?;
        self.set_description("adversaries", 3, Some("<p>Extortion group, active since <b>2019</b>.</p>"))?;
        self.add_source("adversaries", 3, "Example CERT", Some("amber"))?;
        self.add_attribute("adversaries", 3, "Motivation", "Financial")?;
        self.watch(ana, "adversaries", 3)?;
        self.advance(1_641);
        self.add_object("malware", 4, "HeronLocker")?;
        self.set_description(
            "malware",
            4,
            Some("<p>Encrypts file shares; leaves <i>README-heron.txt</i>.</p>"),
        )?;
        self.add_source("malware", 4, "Example CERT", Some("amber"))?;
        self.add_tag("malware", 4, "ransomware")?;
        self.set_clock("2021-09-30 14:20:11")?;
        self.add_object("events", 2, "Phishing wave against the finance department")?;
        self.set_stamp("events", 2, "happened_at", "2021-09-29 06:30:00")?;
        self.add_comment("events", 2, cy, "Eleven mailboxes, two clicks.")?;
        self.add_object("report", 7, "HeronLocker: a year in review")?;
        self.add_source("report", 7, "Example Research", Some("white"))?;
        self.add_object("tasks", 1, "Review the HeronLocker indicators").map(drop)
    }

    fn furnish_indicators(&mut self) -> Result<(), String> {
        let rows = [
            ("2021-10-02 09:12:44", 5, "files.heron.example", "FQDN", "Active", "Example CERT", 9),
            (
                "2021-10-05 16:40:20",
                6,
                "http://files.heron.example/pay?id=7",
                "URL",
                "Active",
                "Example CERT",
                8,
            ),
            ("2021-10-21 11:03:35", 7, "mail.example.net", "FQDN", "Whitelisted", "Example Feed", 0),
            ("2021-10-25 10:00:01", 8, "7.8.9.0", "IP Address", "Review", "Example Feed", 5),
            ("2021-10-26 18:30:00", 9, "1.2.3.4", "IP Address", "Active", "Example Feed", 6),
            ("2021-10-26 18:30:02", 10, "5.6.7.8", "IP Address", "Active", "Example Feed", 6),
            (
                "2021-10-27 03:15:29",
                11,
                "44d88612fea8a8f36de82e1278abb02f",
                "MD5",
                "Indirect",
                "Example Research",
                3,
            ),
        ];
        for (created, id, value, type_name, status, source, score) in rows {
            self.set_clock(created)?;
            self.add_indicator(id, value, type_name)?;
            self.set_status("indicators", id, status)?;
            self.add_source("indicators", id, source, Some("green"))?;
            self.set_generated_score("indicators", id, f64::from(score))?;
        }
        for id in [5, 6] {
            self.set_clock("2021-10-22 08:05:17")?;
            self.add_tag("indicators", id, "ransomware")?;
        }
        self.add_attribute("indicators", 8, "Country", "NL")?;
        self.set_stamp("indicators", 8, "touched_at", "2021-10-25 10:00:09")
    }
}

#[cfg(test)]
mod tests {
    use super::{SCENES, World};

    #[test]
    fn the_demo_world_is_whole() {
        let mut empty = World::empty();
        assert_eq!(empty.furnish(), Ok(()));
        let mut world = World::demo();
        assert_eq!(world.now().to_string(), "2021-10-28 20:00:00");
        assert_eq!(world.user_by_email("ana@example.com").unwrap().id, 2);
        assert_eq!(world.user_by_email("cy@example.com").unwrap().id, 3);
        for scene in SCENES {
            assert_eq!(world.play(scene), Ok(()), "{scene}");
        }
        assert!(world.play("forgotten").is_err());
    }

    #[test]
    fn the_first_scene_touches_the_three_indicators_and_updates_none() {
        let mut world = World::demo();
        world.play("added").unwrap();
        for id in [8, 9, 10] {
            let object = world.find("indicators", id).unwrap();
            assert_eq!(object.touched_at.to_string(), "2021-10-28 20:32:57");
            assert!(object.updated_at < object.touched_at);
        }
    }

    #[test]
    fn the_second_scene_stays_within_the_second() {
        let mut world = World::demo();
        world.play("added").unwrap();
        world.play("commented").unwrap();
        let object = world.find("indicators", 8).unwrap();
        assert_eq!(object.comments.len(), 2);
        assert_eq!(object.touched_at.to_string(), "2021-10-28 20:32:57.818");
    }
}
