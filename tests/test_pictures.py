"""What stands in a picture is what was given."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import qjax as qj
from qjax.errors import DataError


def test_a_learning_curve_of_seeds_is_their_median_and_range():
    curves = np.array([[3.0, 2.0, 1.0], [5.0, 4.0, 3.0], [4.0, 9.0, 2.0]])
    ax = qj.viz.plot_learning_curves({"adam": curves, "sgd": curves[0]}, log=False)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [4, 4, 2])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), curves[0])
    (band,) = ax.collections
    vertices = band.get_paths()[0].vertices
    assert {(1.0, 3.0), (1.0, 5.0), (2.0, 2.0), (2.0, 9.0)} <= set(map(tuple, vertices))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["adam", "sgd"]


def test_a_landscape_has_x_along_the_first_axis_of_its_values():
    x, y = np.linspace(0, 1, 3), np.linspace(0, 1, 2)
    values = np.arange(6.0).reshape(3, 2)
    ax = qj.viz.plot_landscape(x, y, values, path=[[0, 0], [1, 1]])
    mesh = ax.collections[0]
    np.testing.assert_array_equal(mesh.get_array().reshape(2, 3), values.T)
    with pytest.raises(DataError, match="do not fit"):
        qj.viz.plot_landscape(x, y, values.T)


@pytest.mark.parametrize(
    ("gates", "vector"),
    [([], (0, 0, 1)), ([qj.X(0)], (0, 0, -1)), ([qj.H(0)], (1, 0, 0)),
     ([qj.H(0), qj.S(0)], (0, 1, 0)), ([qj.RX(0.7, 0)], (0, -np.sin(0.7), np.cos(0.7)))],
)  # fmt: skip
def test_bloch_vectors_of_known_states(gates, vector):
    state = np.asarray(qj.run(qj.Circuit(1, gates)))
    np.testing.assert_allclose(qj.viz.bloch_vector(state), vector, atol=1e-12)
    rho = np.outer(state, state.conj())
    np.testing.assert_allclose(qj.viz.bloch_vector(0.5 * rho + 0.25 * np.eye(2)),
                               0.5 * np.array(vector), atol=1e-12)  # fmt: skip


def test_what_is_no_qubit_is_refused():
    with pytest.raises(DataError, match="one qubit"):
        qj.viz.bloch_vector(np.ones(4) / 2)
    with pytest.raises(DataError, match="out of the ball"):
        qj.viz.plot_bloch([0, 0, 2])
    with pytest.raises(DataError, match="three components"):
        qj.viz.plot_bloch([0, 1])


def test_a_profile_reaches_zero_and_survives_a_logarithmic_scale():
    ax = qj.viz.plot_profile({"a": [0.5, 0.02], "b": [[0.1, 0.2], [0.3, 0.4]]})
    assert ax.get_ylim()[0] == 0
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    assert 0.002 < low < 0.02
    assert 0.5 < high < 5


def test_a_notebook_that_has_drawn_nothing_yet_shows_a_picture():
    bell = qj.Circuit(2, [qj.H(0), qj.CNOT(0, 1)])
    for figure in (qj.viz.draw_figure(bell), qj.viz.plot_profile([1.0, 2.0]).figure):
        assert figure._repr_png_().startswith(b"\x89PNG")


def test_every_picture_draws_into_given_axes_and_none_changes_matplotlib(tmp_path):
    before = dict(mpl.rcParams)
    figure = Figure()
    ax = figure.add_subplot()
    assert qj.viz.plot_profile([0.0, 0.7, 0.0], ax=ax) is ax
    for k, made in enumerate(
        [
            qj.viz.plot_bloch([[0, 0, 1], [1, 0, 0]], labels=["a", "b"]),
            qj.viz.plot_bloch(np.array([[0, 0, 1], [0, 1, 0]]), path=True),
            qj.viz.plot_learning_curves([1.0, 0.1]),
            ax,
        ]
    ):
        made.figure.savefig(tmp_path / f"{k}.png")
        assert (tmp_path / f"{k}.png").stat().st_size > 3000
    assert dict(mpl.rcParams) == before
