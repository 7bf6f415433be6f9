"""What a parameter, a block and a network are: protocols, layout, memory, checks."""

from sklearn_nn.core._axes import (
    LastStep,
    check_features,
    embedded_shape,
    flatten_axes,
    missing_steps_hint,
    restore_axes,
    sum_members,
    sum_rows,
)
from sklearn_nn.core._clock import Clock
from sklearn_nn.core._connections import (
    Connections,
    Count,
    check_connections,
    random_connections,
)
from sklearn_nn.core._exact_products import ExactMatrix, matmul
from sklearn_nn.core._init import constant, normal, orthogonal, uniform, zeros
from sklearn_nn.core._layout import Connect, Init, Param, ParamLayout, ParamTree, Views
from sklearn_nn.core._masks import expand_mask, fill_and_end_mask, zero_missing
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
    check_in_memory,
    check_params,
    instance_of,
    integer,
    number,
)
from sklearn_nn.core._scalar import scalar
from sklearn_nn.core._spec import Composite, Spec, is_same, map_specs, walk
from sklearn_nn.core._summary import Summary, summarize
from sklearn_nn.core._vectors import max_abs, rank_one_update, vector_operations
from sklearn_nn.core._workspace import Workspace
from sklearn_nn.core.parallel._blas_threads import (
    blas_threads,
    n_cores,
    single_blas_thread,
)
from sklearn_nn.core.parallel._thread_pool import Task, ThreadPool, thread_pool

__all__ = [
    "Array",
    "Block",
    "Boolean",
    "Clock",
    "Composite",
    "Connect",
    "Connections",
    "Count",
    "ExactMatrix",
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
    "ThreadPool",
    "Views",
    "Workspace",
    "any_of",
    "blas_threads",
    "check_connections",
    "check_features",
    "check_in_memory",
    "check_params",
    "compile_network",
    "constant",
    "embedded_shape",
    "expand_mask",
    "fill_and_end_mask",
    "flatten_axes",
    "instance_of",
    "integer",
    "is_same",
    "map_specs",
    "matmul",
    "max_abs",
    "missing_steps_hint",
    "n_cores",
    "normal",
    "number",
    "orthogonal",
    "random_connections",
    "rank_one_update",
    "restore_axes",
    "row_chunks",
    "scalar",
    "single_blas_thread",
    "sum_members",
    "sum_rows",
    "summarize",
    "thread_pool",
    "uniform",
    "vector_operations",
    "walk",
    "zero_missing",
    "zeros",
]
