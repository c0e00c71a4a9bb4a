//! An account as the people who use the simulator see it: a number, a LID, a name.

/// What to make an account from.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// The name contacts see (`notify` on the wire).
    pub push_name: String,
    /// Phone digits without plus; `None` draws a number from the seed.
    pub phone: Option<String>,
}

/// An account that exists.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    /// Phone digits, without plus.
    pub phone: String,
    /// Digits of the linked id.
    pub lid: String,
    /// The name contacts see.
    pub push_name: String,
}

impl Account {
    /// `number@s.whatsapp.net`.
    pub fn jid(&self) -> String {
        format!("{}@s.whatsapp.net", self.phone)
    }

    /// `digits@lid`.
    pub fn lid_jid(&self) -> String {
        format!("{}@lid", self.lid)
    }
}
