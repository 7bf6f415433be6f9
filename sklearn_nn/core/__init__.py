"""What a parameter, a block and a network are: protocols, layout, memory, checks."""

from sklearn_nn.core._axes import (
    LastStep,
    check_features,
    merge_rows,
    shape_of_vectors,
    split_rows,
    sum_members,
    sum_rows,
    where_from,
)
from sklearn_nn.core._clock import Clock
from sklearn_nn.core._connections import (
    Connections,
    Count,
    check_connections,
    random_connections,
)
from sklearn_nn.core._init import constant, normal, orthogonal, uniform, zeros
from sklearn_nn.core._layout import Connect, Init, Param, ParamLayout, ParamTree, Views
from sklearn_nn.core._masks import end_steps, of_steps, step_axes
from sklearn_nn.core._network import Network, compile_network, row_chunks
from sklearn_nn.core._protocols import (
    Array,
    Block,
    Loss,
    Optimizer,
    OptimizerState,
    Rng,
    Schedule,
    Segment,
    Shape,
)
from sklearn_nn.core._rules import (
    Boolean,
    InvalidParameterError,
    OneOf,
    Rule,
    Satisfying,
    any_of,
    check_params,
    instance_of,
    integer,
    number,
)
from sklearn_nn.core._scalar import scalar
from sklearn_nn.core._spec import Composite, Spec, is_same, rebuilt, walk
from sklearn_nn.core._summary import Summary, summarize
from sklearn_nn.core._vectors import largest, outer_addition, vector_operations
from sklearn_nn.core._workspace import Workspace
from sklearn_nn.core.parallel._blas_threads import (
    blas_threads,
    n_cores,
    single_blas_thread,
)
from sklearn_nn.core.parallel._thread_pool import Task, Team, own_threads

__all__ = [
    "Array",
    "Block",
    "Boolean",
    "Clock",
    "Composite",
    "Connect",
    "Connections",
    "Count",
    "Init",
    "InvalidParameterError",
    "LastStep",
    "Loss",
    "Network",
    "OneOf",
    "Optimizer",
    "OptimizerState",
    "Param",
    "ParamLayout",
    "ParamTree",
    "Rng",
    "Rule",
    "Satisfying",
    "Schedule",
    "Segment",
    "Shape",
    "Spec",
    "Summary",
    "Task",
    "Team",
    "Views",
    "Workspace",
    "any_of",
    "blas_threads",
    "check_connections",
    "check_features",
    "check_params",
    "compile_network",
    "constant",
    "end_steps",
    "instance_of",
    "integer",
    "is_same",
    "largest",
    "merge_rows",
    "n_cores",
    "normal",
    "number",
    "of_steps",
    "orthogonal",
    "outer_addition",
    "own_threads",
    "random_connections",
    "rebuilt",
    "row_chunks",
    "scalar",
    "shape_of_vectors",
    "single_blas_thread",
    "split_rows",
    "step_axes",
    "sum_members",
    "sum_rows",
    "summarize",
    "uniform",
    "vector_operations",
    "walk",
    "where_from",
    "zeros",
]
