using XLLM.Silo.Sequences;

namespace XLLM.Silo.Execution;

/// <summary>The stage before prefill: pictures to the rows that stand for them. Here it runs in the executor; one that asks another silo for the rows fits behind the same question.</summary>
internal interface IPictureStage
{
    /// <summary>Numbers of one row.</summary>
    int Columns { get; }

    /// <summary>The rows of one picture. Called by the executor between two steps: what it leaves in the workspace is gone afterwards.</summary>
    /// <param name="pictures">The pictures of a sequence.</param>
    /// <param name="index">Which of them.</param>
    /// <returns>[tokens, <see cref="Columns"/>].</returns>
    /// <exception cref="Vision.PictureException">The picture cannot be encoded; costs its sequence, not the step.</exception>
    float[] Encode(SequencePictures pictures, int index);
}
