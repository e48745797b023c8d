"""What other libraries say: for each analysis a file of its id, which computes the same figures without our code.

    def reference(frames: Mapping[str, pandas.DataFrame], params: Params) -> dict[str, Any]

gives a part of the analysis's result in the same shape, by pandas, scipy, statsmodels and scikit-learn alone, as
simply as can be: who reads it should see at once that it is right. `frames` are the run's tables under their names;
integer columns with missing cells are Int64, boolean ones `boolean`, so that nothing is rounded on the way.
`TOLERANCES` maps a figure's name to the relative difference it may have where 1e-9 cannot be asked, each with its
reason; `view(result)`, where there is one, brings our result into the shape in which it is compared. `analyzer verify`
and the tests compare.
"""
