//! Quartiles.

/// Of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quartiles {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Quartiles {
    /// `None` of no values. Between two values it is the straight line (what R calls type 7).
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |part: f64| {
            let position = part * last as f64;
            let (below, above) = (position.floor() as usize, position.ceil() as usize);
            values[below] + (values[above] - values[below]) * position.fract()
        };
        Some(Self {
            low: at(0.25),
            median: at(0.5),
            high: at(0.75),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Quartiles;

    fn of(values: &[f64]) -> [f64; 3] {
        let Quartiles { low, median, high } = Quartiles::of(values.to_vec()).expect("there are values");
        [low, median, high]
    }

    #[test]
    fn quartiles_of_as_many_values_as_divide_evenly_are_values() {
        assert_eq!(of(&[5.0, 1.0, 4.0, 2.0, 3.0]), [2.0, 3.0, 4.0]);
        assert_eq!(
            of(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]),
            [3.0, 5.0, 7.0]
        );
    }

    #[test]
    fn quartiles_of_others_lie_between_two_values() {
        assert_eq!(of(&[4.0, 1.0, 3.0, 2.0]), [1.75, 2.5, 3.25]);
        assert_eq!(of(&[0.0, 10.0]), [2.5, 5.0, 7.5]);
    }

    #[test]
    fn one_value_is_all_its_quartiles() {
        assert_eq!(of(&[7.0]), [7.0; 3]);
    }

    #[test]
    fn no_value_has_no_quartiles() {
        assert_eq!(Quartiles::of(Vec::new()), None);
    }
}
