//! The device: its keys and registration. Losing it means linking again, leaking it means losing the account.

use async_trait::async_trait;
use whatsapp_rust::wacore::store::Device;
use whatsapp_rust::wacore::store::error::Result;
use whatsapp_rust::wacore::store::traits::DeviceStore;

use super::table::{Kind, Row};
use super::{Backend, from_json, to_json};

/// whatsapp-rust tells devices of one database apart by a number; here every session has its own space.
const ONLY: i32 = 1;

#[async_trait]
impl DeviceStore for Backend {
    async fn save(&self, device: &Device) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(Row::of(Kind::Device).finish(), &to_json(device)?);
        self.vault.durable(batch).await
    }

    async fn load(&self) -> Result<Option<Device>> {
        match self.vault.get(&Row::of(Kind::Device).finish()).await? {
            Some(record) => from_json(&record).map(Some),
            None => Ok(None),
        }
    }

    async fn exists(&self) -> Result<bool> {
        self.vault.has(&Row::of(Kind::Device).finish()).await
    }

    async fn create(&self) -> Result<i32> {
        let _deciding = self.deciding.lock().await;
        if !self.exists().await? {
            self.save(&Device::new()).await?;
        }
        Ok(ONLY)
    }
}
