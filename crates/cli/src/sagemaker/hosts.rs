//! The hosts of a job. Only one of them trains, because the algorithms run on the threads of one machine.

use serde::Deserialize;

/// `resourceconfig.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Hosts {
    current_host: String,
    hosts: Vec<String>,
}

impl Hosts {
    /// The host that trains, if it is not this one.
    pub fn other_leader(&self) -> Option<&str> {
        let leader = self.hosts.iter().min()?;
        (*leader != self.current_host).then_some(leader)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.hosts.len().max(1)
    }

    /// This host.
    pub fn current(&self) -> &str {
        &self.current_host
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hosts(json: &str) -> Hosts {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_first_host_trains() {
        let first =
            hosts(r#"{"current_host":"algo-1","hosts":["algo-2","algo-1"],"network_interface_name":"eth1"}"#);
        assert_eq!((first.other_leader(), first.count()), (None, 2));
        let second = hosts(r#"{"current_host":"algo-2","hosts":["algo-1","algo-2"]}"#);
        assert_eq!(second.other_leader(), Some("algo-1"));
        assert_eq!((Hosts::default().other_leader(), Hosts::default().count()), (None, 1));
    }

    proptest! {
        #[test]
        fn exactly_one_host_trains(current in 0..5_usize, names in prop::collection::btree_set(".{0,8}", 5)) {
            let names: Vec<String> = names.into_iter().collect();
            let json = serde_json::json!({"current_host": names[current], "hosts": names});
            let hosts = hosts(&json.to_string());
            prop_assert_eq!(hosts.other_leader().is_none(), current == 0);
        }
    }
}
