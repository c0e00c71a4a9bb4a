//! How a human gets linked: by a code it shows, or by one somebody types into the phone.

use whatsapp_rust::pair_code::PairCodeOptions;

use super::{CONNECT_TIMEOUT, Human, HumanError, moment};
use crate::{Account, Simulator};

impl Human {
    /// Pairs a client as one more companion of an account by code: the client asks for one, and the account's phone has it typed in.
    pub async fn join_by_code(sim: &Simulator, account: Account) -> Result<Self, HumanError> {
        let human = Self::unlinked(sim, account);
        let deadline = moment::now() + CONNECT_TIMEOUT;
        human.start_client().await?;
        // A client that shows its first code has a connection to ask for the other kind on.
        human.inner.ears.qr(deadline).await?;
        let code = human
            .client()?
            .pair_with_code(PairCodeOptions {
                phone_number: human.inner.account.phone.clone(),
                ..PairCodeOptions::default()
            })
            .await
            .map_err(|source| HumanError::Send {
                source: Box::new(source),
            })?;
        sim.enter_code(&human.inner.account.phone, &code).await?;
        human.inner.line.connected(deadline).await?;
        Ok(human)
    }
}
