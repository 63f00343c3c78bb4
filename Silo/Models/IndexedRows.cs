using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models;

/// <summary>What an indexer has made of a step, for <see cref="ForwardBatch.ReviseSelection"/>.</summary>
/// <param name="Queries">F32 [rows, heads * columns], rotated.</param>
/// <param name="Keys">F32 [rows, columns], rotated.</param>
/// <param name="Weights">F32 [rows, heads].</param>
/// <param name="Selection">I32 [rows, n]: positions, ascending, then -1.</param>
/// <param name="Most">Positions that a row attends to at most.</param>
internal readonly record struct IndexedRows(Tensor Queries, Tensor Keys, Tensor Weights, Tensor Selection, int Most);
