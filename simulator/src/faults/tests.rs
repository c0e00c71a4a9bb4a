use super::*;
use crate::address::AccountId;
use whatsapp_rust::NodeBuilder;

fn device(account: usize) -> Option<DeviceAddress> {
    Some(DeviceAddress {
        account: AccountId(account),
        device: 1,
    })
}

fn rules(seed: u64, rule: FaultRule) -> Faults {
    let mut faults = Faults::new(seed);
    let target = Target::new(rule.on.clone(), Vec::new());
    faults.add(rule, target).expect("a valid rule");
    faults
}

/// Which of 200 stanzas of a device are dropped.
fn lost(faults: &mut Faults, peer: Option<DeviceAddress>) -> Vec<bool> {
    let node = NodeBuilder::new("message").attr("id", "1").build();
    (0..200)
        .map(|_| faults.judge(Direction::Out, peer, &node.as_node_ref()).is_some())
        .collect()
}

#[test]
fn the_same_seed_loses_the_same_stanzas_of_a_device_whatever_others_do() {
    let rule = || FaultRule::new(FaultTarget::outgoing("message"), FaultAction::Drop).with_probability(0.3);
    let alone = lost(&mut rules(7, rule()), device(1));
    let share = alone.iter().filter(|lost| **lost).count();
    assert!((30..=90).contains(&share), "{share} of 200");

    let mut crowded = rules(7, rule());
    let others = lost(&mut crowded, device(2));
    assert_eq!(lost(&mut crowded, device(1)), alone);
    assert_ne!(others, alone);
    assert_ne!(lost(&mut rules(8, rule()), device(1)), alone);
}

#[test]
fn a_rule_skips_counts_and_ends() {
    let mut faults = rules(
        1,
        FaultRule::new(FaultTarget::outgoing("message"), FaultAction::Drop)
            .after(2)
            .times(3),
    );
    let lost = lost(&mut faults, None);
    assert_eq!(lost[..7], [false, false, true, true, true, false, false]);
    let status = &faults.list()[0];
    assert_eq!((status.matched, status.applied), (5, 3));
    assert!(matches!(faults.remove(9), Err(FaultError::Unknown(9))));
    faults.remove(status.id).expect("it is there");
    assert!(faults.is_empty());
}

#[test]
fn delays_add_up_and_the_first_end_is_the_end() {
    let mut faults = Faults::new(1);
    let delay = FaultAction::Delay {
        fixed_ms: 20,
        jitter_ms: 5,
    };
    for action in [delay.clone(), delay, FaultAction::Drop, FaultAction::Cut] {
        let rule = FaultRule::new(FaultTarget::default(), action);
        let target = Target::new(rule.on.clone(), Vec::new());
        faults.add(rule, target).expect("a valid rule");
    }
    let node = NodeBuilder::new("ib").build();
    let verdict = faults
        .judge(Direction::In, None, &node.as_node_ref())
        .expect("rules for everything");
    assert!((40..=50).contains(&verdict.treatment.delay.as_millis()));
    assert_eq!(verdict.fate, Fate::Drop);
    assert_eq!(verdict.note, "delay, delay, drop");
}

#[test]
fn every_part_of_a_target_must_fit() {
    let node = NodeBuilder::new("iq")
        .attr("id", "3EB0")
        .attr("type", "get")
        .attr("xmlns", "encrypt")
        .children([NodeBuilder::new("count").build()])
        .build();
    let fits = |change: fn(&mut FaultTarget), accounts: Vec<AccountId>| {
        let mut on = FaultTarget {
            direction: Some(Direction::In),
            device: Some(1),
            tag: Some("iq".to_owned()),
            kind: Some("get".to_owned()),
            xmlns: Some("encrypt".to_owned()),
            child: Some("count".to_owned()),
            id_prefix: Some("3E".to_owned()),
            ..FaultTarget::default()
        };
        change(&mut on);
        Target::new(on, accounts).fits(Direction::In, device(1), &node.as_node_ref())
    };
    assert!(fits(|_| (), Vec::new()));
    assert!(fits(|_| (), vec![AccountId(1)]));
    assert!(!fits(|_| (), vec![AccountId(2)]));
    let misfits: [fn(&mut FaultTarget); 8] = [
        |on| on.direction = Some(Direction::Out),
        |on| on.device = Some(2),
        |on| on.tag = Some("message".to_owned()),
        |on| on.kind = Some("set".to_owned()),
        |on| on.class = Some("message".to_owned()),
        |on| on.xmlns = Some("md".to_owned()),
        |on| on.child = Some("digest".to_owned()),
        |on| on.id_prefix = Some("4".to_owned()),
    ];
    for misfit in misfits {
        assert!(!fits(misfit, Vec::new()));
    }
}

#[test]
fn rules_are_read_from_json_and_nonsense_is_refused() {
    let read = |text: &str| serde_json::from_str::<FaultRule>(text);
    let rule = read(
        r#"{"on":{"direction":"out","tag":"message","accounts":["49151"]},
            "action":{"kind":"delay","fixed_ms":50},"limit":3,"probability":0.5}"#,
    )
    .expect("a rule");
    assert_eq!(rule.limit, Some(3));
    assert_eq!(
        rule.action,
        FaultAction::Delay {
            fixed_ms: 50,
            jitter_ms: 0
        }
    );
    for text in [
        r#"{"action":{"kind":"explode"}}"#,
        r#"{"action":{"kind":"drop"},"when":{}}"#,
        r#"{"action":{"kind":"drop"},"on":{"tga":"iq"}}"#,
        r#"{"action":{"kind":"delay","fixed_ms":5,"jitter":5}}"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    let refused = |rule: FaultRule| {
        let target = Target::new(rule.on.clone(), Vec::new());
        Faults::new(1).add(rule, target).expect_err("nonsense")
    };
    let all = FaultTarget::default;
    assert!(matches!(
        refused(FaultRule::new(all(), FaultAction::Drop).with_probability(0.0)),
        FaultError::Probability(_)
    ));
    assert!(matches!(
        refused(FaultRule::new(
            all(),
            FaultAction::Delay {
                fixed_ms: 60_000,
                jitter_ms: 1
            }
        )),
        FaultError::OutOfBounds { what: "delay", .. }
    ));
    let refuse = FaultAction::Refuse {
        code: 500,
        text: String::new(),
    };
    assert!(matches!(
        refused(FaultRule::new(all(), refuse)),
        FaultError::Direction { action: "refuse", .. }
    ));
}
