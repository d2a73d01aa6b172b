//! A peer: so many mails of so many bytes over one connection, by lettre's own transport.
//!
//! `lettre-transport PORT COUNT BYTES` sends one message again and again to a server on loopback, over a connection that
//! its pool keeps. Fails with lettre's error when a mail is not taken.

use std::env;
use std::error::Error;

use lettre::transport::smtp::PoolConfig;
use lettre::{Message, SmtpTransport, Transport};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let [port, count, bytes] = numbers[..] else {
        return Err("usage: lettre-transport PORT COUNT BYTES".into());
    };
    let message = Message::builder()
        .from("threatq@example.com".parse()?)
        .to("soc@example.com".parse()?)
        .subject("ThreatQ Watchlist: Indicator Updated")
        .body("Seen again, by a sensor of the network that nobody had asked.\n".repeat(bytes.div_ceil(62)))?;
    let one = PoolConfig::new().max_size(1);
    let transport =
        SmtpTransport::builder_dangerous("127.0.0.1").port(port.try_into()?).pool_config(one).build();
    for _ in 0..count {
        transport.send(&message)?;
    }
    Ok(())
}
