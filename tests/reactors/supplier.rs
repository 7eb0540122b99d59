//! The outside world: a supplier, who remembers who has called him.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

/// Whoever is called from the shop.
pub struct Supplier {
    /// The keys of the calls, as they came.
    pub calls: Mutex<Vec<(String, Uuid)>>,
    /// Calls about this item fail.
    pub refuses: Mutex<Option<String>>,
    /// While it is false, calls do not come back.
    pub answers: watch::Sender<bool>,
}

impl Default for Supplier {
    fn default() -> Self {
        Self { calls: Mutex::default(), refuses: Mutex::default(), answers: watch::Sender::new(true) }
    }
}

#[derive(Debug)]
pub struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the supplier does not deliver")
    }
}

impl std::error::Error for Refused {}

impl Supplier {
    pub async fn order(&self, key: Uuid, item: &str) -> Result<String, Refused> {
        self.calls.lock().unwrap().push((item.to_owned(), key));
        self.answers.subscribe().wait_for(|answers| *answers).await.unwrap();
        if self.refuses.lock().unwrap().as_deref() == Some(item) {
            return Err(Refused);
        }
        Ok(format!("{item} is coming"))
    }

    pub fn refuse(&self, item: Option<&str>) {
        *self.refuses.lock().unwrap() = item.map(str::to_owned);
    }

    /// The keys of the calls about an item, in their order.
    pub fn keys(&self, item: &str) -> Vec<Uuid> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(called, _)| called == item).map(|(_, key)| *key).collect()
    }

    /// Waits for the first call about an item.
    pub async fn called(&self, item: &str) {
        while self.keys(item).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
