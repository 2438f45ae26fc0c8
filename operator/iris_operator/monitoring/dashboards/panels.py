"""Builds panels in one style for all dashboards, with the data source that the reader chooses."""

from typing import Final, TypeAlias

from grafana_foundation_sdk.builders import common as builders
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.common import GraphThresholdsStyleConfig
from grafana_foundation_sdk.cog import encoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from iris_operator.monitoring.dashboards import tones
from iris_operator.monitoring.dashboards.tones import BLUE, GREEN, RED

DATASOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")

# Expression and legend: labels of the series in double braces.
Series: TypeAlias = tuple[str, str]


def board(title: str, uid: str) -> dashboard.Dashboard:
    choice = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    others = dashboard.DashboardLink("Iris dashboards").type(models.DashboardLinkType.DASHBOARDS)
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .tags(["iris", "model-serving"])
        .readonly()
        .refresh("30s")
        .time("now-1h", "now")
        .with_variable(choice)
        .link(others.tags(["iris"]).as_dropdown(True).include_vars(False).keep_time(True))
    )


def text(built: dashboard.Dashboard) -> str:
    encoded: str = encoder.JSONEncoder(sort_keys=True, indent=2).encode(built.build())
    return encoded + "\n"


def tile(title: str, expression: str, *, legend: str = "", span: int = 3) -> stat.Panel:
    """A panel with the present value, large."""
    fixed = dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(BLUE)
    return (
        stat.Panel()
        .title(title)
        .datasource(DATASOURCE)
        .with_target(_query(expression, legend).instant())
        .height(4)
        .span(span)
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_scheme(fixed)
    )


def word(title: str, expression: str, label: str, *, span: int = 3) -> stat.Panel:
    """A panel with the present value of a label, large."""
    shown = tile(title, expression, legend=f"{{{{{label}}}}}", span=span)
    return shown.text_mode(common.BigValueTextMode.NAME)


def judged(panel: stat.Panel, *steps: tuple[float | None, str]) -> stat.Panel:
    """Colour a panel by value: each colour from its number on, None for all below."""
    by_value = dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS)
    return panel.color_scheme(by_value).thresholds(_thresholds(*steps))


def graph(
    title: str, *series: Series, unit: str = "short", span: int = 8, exemplars: bool = False
) -> timeseries.Panel:
    """A panel with values over time; with exemplars, also single requests by their ids."""
    return signed(title, *series, unit=unit, span=span, exemplars=exemplars).min(0)


def signed(
    title: str, *series: Series, unit: str = "short", span: int = 8, exemplars: bool = False
) -> timeseries.Panel:
    """The same with values below zero."""
    panel = (
        timeseries.Panel()
        .title(title)
        .datasource(DATASOURCE)
        .unit(unit)
        .height(8)
        .span(span)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.NEVER)
        # Without a legend a reader cannot tell the lines apart.
        .legend(
            builders.VizLegendOptions()
            .show_legend(True)
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
        )
    )
    for number, (expression, legend) in enumerate(series):
        query = _query(expression, legend, chr(ord("A") + number))
        panel.with_target(query.exemplar(True) if exemplars else query)
    return panel


def lined(panel: timeseries.Panel, *steps: tuple[float | None, str]) -> timeseries.Panel:
    """Add a dashed line at each number."""
    style = GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(_thresholds(*steps)).thresholds_style(style)


def timeline(title: str, expression: str, legend: str, *, span: int = 12) -> statetimeline.Panel:
    """A panel with the states of conditions over time, one line per series."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .datasource(DATASOURCE)
        .with_target(_query(expression, legend))
        .mappings([_words("False", RED, GREEN)])
        .height(8)
        .span(span)
    )
    while_true = dict(tones.WHILE_TRUE)
    for name, word, color in tones.unless_true():
        words = [_words(word, color, while_true.get(name, GREEN))]
        panel.override_by_regexp(name, [models.DynamicConfigValue("mappings", words)])
    return panel


def _words(otherwise: str, color: str, while_true: str) -> models.ValueMap:
    return models.ValueMap(
        options={
            "0": models.ValueMappingResult(text=otherwise, color=color),
            "1": models.ValueMappingResult(text="True", color=while_true),
        }
    )


def toned(panel: timeseries.Panel) -> timeseries.Panel:
    """Draw conditions that are True in shades of their colours."""
    shades = models.FieldColorModeId.SHADES
    panel.color_scheme(dashboard.FieldColor().mode(shades).fixed_color(GREEN))
    for name, color in tones.WHILE_TRUE:
        value = {"mode": shades.value, "fixedColor": color}
        panel.override_by_regexp(name, [models.DynamicConfigValue("color", value)])
    return panel


def listing(title: str, *, labels: str, **columns: str) -> table.Panel:
    """A table with one row per set of labels: those of `labels`, and a column for each named expression."""
    panel = table.Panel().title(title).datasource(DATASOURCE).height(9).span(24)
    renamed = {}
    for number, (name, expression) in enumerate([("", labels), *columns.items()]):
        ref_id = chr(ord("A") + number)
        panel.with_target(_query(expression, "", ref_id).instant().format(PromQueryFormat.TABLE))
        if name:
            renamed[f"Value #{ref_id}"] = name.replace("_", " ")
    panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    organised = {"excludeByName": {"Time": True, "Value #A": True}, "renameByName": renamed}
    return panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=organised))


def marks(name: str, series: Series, *, text_label: str, color: str) -> dashboard.AnnotationQuery:
    """An annotation on every graph where the expression has a value."""
    expression, title = series
    return (
        dashboard.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(color)
        .expr(expression)
        .step("60s")
        .title_format(title)
        .text_format(f"{{{{{text_label}}}}}")
    )


def _query(expression: str, legend: str, ref_id: str = "A") -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(DATASOURCE).expr(expression).ref_id(ref_id)
    return query.legend_format(legend) if legend else query


def _thresholds(*steps: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=color) for value, color in steps])
    )
