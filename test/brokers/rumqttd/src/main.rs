//! rumqttd as its own configuration file says: broker FILE.toml

use config::{Config, File, FileFormat};

fn main() {
    let path = std::env::args().nth(1).expect("usage: broker FILE.toml");
    let file = File::new(&path, FileFormat::Toml);
    let read = Config::builder().add_source(file).build().expect("a file that can be read");
    let settings: rumqttd::Config = read.try_deserialize().expect("a configuration of rumqttd");
    rumqttd::Broker::new(settings).start().expect("a broker that runs");
}
