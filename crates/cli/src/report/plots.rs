//! Plots as SVG.

use anyhow::{Result, anyhow};
pub use plotters::chart::SeriesLabelPosition;
use plotters::coord::Shift;
use plotters::prelude::*;

const WIDTH: u32 = 560;
const HEIGHT: u32 = 340;
const FONT: &str = "sans-serif";
/// The palette of Okabe and Ito, whose colours colour-blind people can distinguish.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];

/// A named line.
pub struct Series<'a> {
    pub name: &'a str,
    pub points: Vec<(f64, f64)>,
}

/// The axes of a plot, and what else it shows besides its lines.
pub struct Axes<'a> {
    pub x: &'a str,
    pub y: &'a str,
    /// Labels at x = 0, 1, ...; if there are none, the numbers.
    pub ticks: &'a [String],
    /// A line to compare with.
    pub guide: Option<[(f64, f64); 2]>,
    /// Where the legend covers no lines.
    pub legend: SeriesLabelPosition,
}

type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws lines with a mark at each point.
pub fn lines(axes: &Axes<'_>, series: &[Series<'_>]) -> Result<String> {
    let mut svg = String::new();
    let canvas = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
    draw_lines(&canvas, axes, series).map_err(|error| anyhow!("a plot cannot be drawn: {error}"))?;
    drop(canvas);
    Ok(svg)
}

/// Draws horizontal bars from 0.
pub fn bars(label: &str, bars: &[(&str, f64)]) -> Result<String> {
    let mut svg = String::new();
    let height = 70 + 30 * bars.len() as u32;
    let canvas = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    draw_bars(&canvas, label, bars).map_err(|error| anyhow!("a plot cannot be drawn: {error}"))?;
    drop(canvas);
    Ok(svg)
}

fn draw_lines(
    canvas: &Canvas<'_>,
    axes: &Axes<'_>,
    series: &[Series<'_>],
) -> Result<(), Box<dyn std::error::Error>> {
    let guide = axes.guide.iter().flatten();
    let points = || series.iter().flat_map(|series| &series.points).chain(guide.clone());
    let (x, y) = (range(points().map(|point| point.0)), range(points().map(|point| point.1)));
    let mut chart = ChartBuilder::on(canvas)
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(54)
        .build_cartesian_2d(x, y)?;
    let tick = |&x: &f64| match axes.ticks.get(x.round().max(0.0) as usize) {
        Some(tick) if (x - x.round()).abs() < 1e-6 => tick.clone(),
        None if axes.ticks.is_empty() => format!("{x}"),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_labels(axes.ticks.len().max(6))
        .x_label_formatter(&tick)
        .label_style((FONT, 12))
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.1))
        .draw()?;
    if let Some(guide) = axes.guide {
        chart.draw_series(LineSeries::new(guide, BLACK.mix(0.4)))?;
    }
    for (series, colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(series.points.iter().copied(), style).point_size(3))?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    if series.len() > 1 {
        let mut labels = chart.configure_series_labels();
        labels
            .position(axes.legend.clone())
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .label_font((FONT, 12))
            .draw()?;
    }
    canvas.present()?;
    Ok(())
}

fn draw_bars(
    canvas: &Canvas<'_>,
    label: &str,
    bars: &[(&str, f64)],
) -> Result<(), Box<dyn std::error::Error>> {
    let longest = bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
    let (x, y) = (0.0..longest.max(1e-9) * 1.12, -0.5..bars.len() as f64 - 0.5);
    let mut chart = ChartBuilder::on(canvas)
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(70)
        .build_cartesian_2d(x, y)?;
    chart.configure_mesh().disable_mesh().disable_y_axis().x_desc(label).label_style((FONT, 12)).draw()?;
    for (row, (&(name, value), colour)) in bars.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let y = (bars.len() - 1 - row) as f64;
        chart.draw_series([Rectangle::new([(0.0, y - 0.32), (value, y + 0.32)], colour.filled())])?;
        let style = (FONT, 13).into_text_style(canvas);
        chart.draw_series([
            EmptyElement::at((value, y)) + Text::new(format!("{value:.4}"), (6, -6), style.clone())
        ])?;
        let (left, middle) = chart.plotting_area().map_coordinate(&(0.0, y));
        canvas.draw_text(name, &style, (left - 62, middle - 7))?;
    }
    canvas.present()?;
    Ok(())
}

/// The range of the numbers, with a margin.
fn range(numbers: impl Iterator<Item = f64> + Clone) -> std::ops::Range<f64> {
    let low = numbers.clone().fold(f64::INFINITY, f64::min);
    let high = numbers.fold(f64::NEG_INFINITY, f64::max);
    if low.is_finite() && high.is_finite() {
        let room = ((high - low) * 0.06).max(1e-3);
        low - room..high + room
    } else {
        0.0..1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_show_their_labels_and_numbers() {
        let axes = Axes {
            x: "ratings of the user",
            y: "RMSE",
            ticks: &["1-4".to_owned(), "5-9".to_owned()],
            guide: None,
            legend: SeriesLabelPosition::UpperRight,
        };
        let series = [("bayes", 0.9), ("svd", 1.0)]
            .map(|(name, y)| Series { name, points: vec![(0.0, y), (1.0, y - 0.05)] });
        let svg = lines(&axes, &series).unwrap();
        for text in ["<svg", "viewBox", "ratings of the user", "bayes", "svd", "5-9"] {
            assert!(svg.contains(text), "{text}");
        }
        let svg = bars("RMSE", &[("bayes", 0.8229), ("mean", 1.0585)]).unwrap();
        assert!(svg.contains("0.8229") && svg.contains("1.0585") && svg.contains("mean"));
    }

    #[test]
    fn a_plot_without_points_or_with_infinite_ones_can_be_drawn() {
        let axes = Axes { x: "x", y: "y", ticks: &[], guide: None, legend: SeriesLabelPosition::UpperRight };
        lines(&axes, &[]).unwrap();
        lines(&axes, &[Series { name: "diverged", points: vec![(0.0, f64::INFINITY)] }]).unwrap();
        bars("RMSE", &[]).unwrap();
    }
}
