//! Only models that nothing refers to are tagged for removal.

use serde_json::json;

use crate::world::{JOB_NAME_PREFIX, World};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: scripts/test.sh"]
async fn only_models_that_nothing_refers_to_are_retired() {
    let world = World::start().await;
    world.upload();
    let abandoned = format!("models/{JOB_NAME_PREFIX}-abandoned/output/model/manifest.json");
    let by_hand = "models/my-model/manifest.json";
    let of_another_stack = "models/matinee-00000000-1-1/output/model/manifest.json";
    for key in [abandoned.as_str(), by_hand, of_another_stack] {
        world.moto.put(key, b"{}");
    }
    let publish = async |uri: &str| {
        let answer = world.publish.answer(json!({"action": "publish", "uri": uri, "force": true})).await;
        assert_eq!(answer["status"], "published", "{answer}");
    };
    let manifest = |uri: &str| {
        format!(
            "{}manifest.json",
            uri.split_once("/models/").map(|(_, key)| format!("models/{key}")).unwrap()
        )
    };

    let (first, _) = world.artifact(1).await;
    let (second, _) = world.artifact(2).await;
    publish(&first).await;
    assert!(world.moto.is_retired(&abandoned), "nothing refers to it");
    assert!(world.moto.is_retired(&manifest(&second)), "nothing refers to it yet");
    for key in [manifest(&first).as_str(), by_hand, of_another_stack] {
        assert!(!world.moto.is_retired(key), "{key}");
    }

    publish(&second).await;
    for key in [manifest(&first), manifest(&second)] {
        assert!(!world.moto.is_retired(&key), "{key} is live, or was before");
    }
}
