//! Keys are kept, changed, found and deleted.

use weighhouse_storage::{Change, KeyFilter, KeyRecord, Page, Store, StoreError};
use weighhouse_types::{KeyHash, KeyId, Nanos};

use crate::records::{batch, kept_key, key, now, row};

pub(crate) async fn keys_are_kept_changed_and_deleted(store: &Store) {
    let mut changes = store.changes();
    let first = key("first");
    store.insert_key(&first).await.unwrap();
    assert_eq!(store.key_by_hash(&first.hash).await.unwrap().as_ref(), Some(&first));
    assert_eq!(changes.recv().await.unwrap(), Change::Key(first.hash.clone()));
    let same_alias = KeyRecord { id: KeyId::new("other"), hash: KeyHash::new("other"), ..first.clone() };
    let refused = store.insert_key(&same_alias).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(what) if what.contains("alias")), "{refused}");

    let changed = KeyRecord {
        key_alias: Some("renamed".into()),
        blocked: true,
        max_budget: None,
        spend: Nanos::dollars(99),
        ..first.clone()
    };
    assert!(store.update_key(&changed).await.unwrap());
    let kept = store.key_by_alias("renamed").await.unwrap().unwrap();
    assert_eq!(kept, KeyRecord { spend: Nanos::ZERO, ..changed });

    for name in ["second", "third"] {
        store.insert_key(&KeyRecord { user_id: None, ..key(name) }).await.unwrap();
    }
    let of_user = KeyFilter { user_id: Some("user-1".into()), ..KeyFilter::default() };
    let (found, total) = store.list_keys(&of_user, Page { offset: 0, limit: 10 }).await.unwrap();
    assert_eq!((found.len(), total), (1, 1));
    let (page, total) = store.list_keys(&KeyFilter::default(), Page { offset: 2, limit: 2 }).await.unwrap();
    assert_eq!((page.len(), total), (1, 3));

    let gone = [KeyHash::new("hash-third"), KeyHash::new("nobody")];
    assert_eq!(store.delete_keys(&gone).await.unwrap(), [KeyHash::new("hash-third")]);
    assert_eq!(store.key_by_hash(&gone[0]).await.unwrap(), None);
    assert!(!store.update_key(&key("third")).await.unwrap());
}

pub(crate) async fn a_key_gets_another_secret_and_stays_the_same(store: &Store) {
    let old = key("rotating");
    store.insert_key(&old).await.unwrap();
    store.append_ledger(&batch(&[row(Some(&old), 10, 0, 70)])).await.unwrap();
    let new_hash = KeyHash::new("hash-new");
    assert!(store.replace_key_hash(&old, &new_hash, "sk-...wxyz", 5).await.unwrap());
    assert_eq!(store.key_by_hash(&old.hash).await.unwrap(), None);
    let rotated = store.key_by_hash(&new_hash).await.unwrap().unwrap();
    assert_eq!(
        (rotated.id, rotated.spend, rotated.key_name.as_str()),
        (old.id, Nanos::new(70), "sk-...wxyz")
    );
}

