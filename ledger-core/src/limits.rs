//! What an account's balance may be, in one currency.

use serde::{Deserialize, Serialize};

use crate::assets::AssetRef;

/// Bounds on a balance, on the account's normal side, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub asset: AssetRef,
    pub floor: Option<i128>,
    pub ceiling: Option<i128>,
    pub credit_line: Option<i128>,
}

/// A limit that a move breaks, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Floor(i128),
    Ceiling(i128),
}

impl Limits {
    /// How low the balance may fall: the floor (zero where only a credit line is set) less the credit line.
    #[must_use]
    pub fn lowest(&self) -> Option<i128> {
        let floor = match (self.floor, self.credit_line) {
            (None, None) => return None,
            (floor, _) => floor.unwrap_or(0),
        };
        Some(floor.saturating_sub(self.credit_line.unwrap_or(0)))
    }

    /// LGR-2: what a move from `before` to `after` breaks. Each is how low and how high the balance can become.
    /// Nothing may pass a limit, or pass it further; what lies past it already may stay there or come back.
    #[must_use]
    pub(crate) fn broken(&self, before: (i128, i128), after: (i128, i128)) -> Option<Broken> {
        let floor = self.lowest().filter(|lowest| after.0 < *lowest && after.0 < before.0);
        let ceiling = self.ceiling.filter(|ceiling| after.1 > *ceiling && after.1 > before.1);
        floor.map(Broken::Floor).or_else(|| ceiling.map(Broken::Ceiling))
    }

    pub(crate) fn is_none(&self) -> bool {
        self.floor.is_none() && self.ceiling.is_none() && self.credit_line.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credit_line_lies_below_the_floor() {
        let limits =
            |floor, credit_line| Limits { asset: AssetRef::own(0), floor, ceiling: None, credit_line };
        assert_eq!(limits(None, None).lowest(), None);
        assert_eq!(limits(Some(100), None).lowest(), Some(100));
        assert_eq!(limits(None, Some(500)).lowest(), Some(-500));
        assert_eq!(limits(Some(100), Some(500)).lowest(), Some(-400));
    }
}
